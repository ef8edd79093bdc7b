#pragma once

#include <backstay/core/config.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Tokens between none and a most, full at the start. Each change is one atomic step.
/// Thread safety: all members from any thread.
class TokenCount {
public:
    explicit TokenCount(std::int64_t most) noexcept : most_(most), tokens_(most) {}

    /// Adds, up to the most; while it is full this is one read.
    void add(std::int64_t amount) noexcept {
        std::int64_t seen = tokens_.load(std::memory_order_relaxed);
        while (seen < most_ && !tokens_.compare_exchange_weak(seen, std::min(seen + amount, most_),
                                                              std::memory_order_relaxed)) {
        }
    }

    /// Takes, down to none.
    void take(std::int64_t amount) noexcept {
        std::int64_t seen = tokens_.load(std::memory_order_relaxed);
        while (seen > 0 && !tokens_.compare_exchange_weak(seen, std::max(seen - amount, std::int64_t{0}),
                                                          std::memory_order_relaxed)) {
        }
    }

    /// Takes all or nothing.
    [[nodiscard]] bool try_take(std::int64_t amount) noexcept {
        std::int64_t seen = tokens_.load(std::memory_order_relaxed);
        while (seen >= amount) {
            if (tokens_.compare_exchange_weak(seen, seen - amount, std::memory_order_relaxed)) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] std::int64_t tokens() const noexcept { return tokens_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t most() const noexcept { return most_; }

private:
    const std::int64_t most_;
    std::atomic<std::int64_t> tokens_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
