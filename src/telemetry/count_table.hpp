#pragma once

#include <backstay/core/config.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Counts by key, for up to `Capacity` different keys; the rest counts together.
/// Thread safety: all members from any thread; no lock. Cost: one atomic addition.
template <std::size_t Capacity>
class CountTable {
    static_assert(std::has_single_bit(Capacity) && Capacity > 1);

public:
    /// Precondition: the key is not the largest one.
    void add(std::uint32_t key, std::uint64_t amount = 1) noexcept {
        const std::uint32_t tag = key + 1; // 0: a free place
        for (std::size_t tried = 0, at = place(key); tried < Capacity; ++tried, at = (at + 1) % Capacity) {
            Entry& entry = entries_[at];
            std::uint32_t found = entry.tag.load(std::memory_order_relaxed);
            if (found == 0 && entry.tag.compare_exchange_strong(found, tag, std::memory_order_relaxed)) {
                found = tag;
            }
            if (found == tag) {
                entry.count.fetch_add(amount, std::memory_order_relaxed);
                return;
            }
        }
        rest_.fetch_add(amount, std::memory_order_relaxed);
    }

    /// Calls `visit(std::optional<key>, count)` for each count; without a key for the rest.
    template <class Visit>
    void each(Visit visit) const {
        for (const Entry& entry : entries_) {
            const std::uint32_t tag = entry.tag.load(std::memory_order_relaxed);
            const std::uint64_t count = entry.count.load(std::memory_order_relaxed);
            if (tag != 0 && count != 0) {
                visit(std::optional<std::uint32_t>(tag - 1), count);
            }
        }
        if (const std::uint64_t count = rest_.load(std::memory_order_relaxed); count != 0) {
            visit(std::optional<std::uint32_t>(), count);
        }
    }

private:
    struct Entry {
        std::atomic<std::uint32_t> tag{0};
        std::atomic<std::uint64_t> count{0};
    };

    static std::size_t place(std::uint32_t key) noexcept {
        return (key * 0x9e3779b9U) >> (32 - std::bit_width(Capacity - 1));
    }

    std::array<Entry, Capacity> entries_;
    std::atomic<std::uint64_t> rest_{0};
};

} // namespace backstay::inline BACKSTAY_ABI::detail
