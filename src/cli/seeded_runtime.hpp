#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>

#include <atomic>
#include <cstdint>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Real time with jitter that can be repeated: the n-th seed depends on the first one and n alone.
/// Thread safety: as the runtime beneath, which outlives it.
class SeededRuntime final : public Runtime {
public:
    SeededRuntime(Runtime& beneath, std::uint64_t seed) noexcept : beneath_(beneath), next_(seed) {}

    [[nodiscard]] TimePoint now() noexcept override { return beneath_.now(); }
    [[nodiscard]] WallTime wall_now() noexcept override { return beneath_.wall_now(); }
    [[nodiscard]] std::uint64_t seed() noexcept override {
        // an odd step: neighbouring seeds give splitmix64 sequences that do not overlap in practice
        return next_.fetch_add(0xd1342543de82ef95U, std::memory_order_relaxed);
    }
    void arm(Timer& timer, TimePoint until) override { beneath_.arm(timer, until); }
    void disarm(Timer& timer) noexcept override { beneath_.disarm(timer); }

private:
    Runtime& beneath_;
    std::atomic<std::uint64_t> next_;
};

} // namespace backstay::inline BACKSTAY_ABI::cli
