#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/pipeline/detail/timer_heap.hpp>

#include <cstddef>
#include <cstdint>

namespace asio {
class io_context;
}

namespace backstay::inline BACKSTAY_ABI {

/// Simulated time: it stands still while anything can run, then jumps to the next timer. Hours pass in
/// microseconds, and the same seed gives the same trace. Thread safety: none; it and its `io_context` belong
/// to one thread. Cost: O(log n) to arm, disarm and fire.
class BACKSTAY_EXPORT VirtualRuntime final : public Runtime {
public:
    /// Starts at one hour after the clock's epoch, on 2026-01-01 00:00:00 UTC of wall time.
    explicit VirtualRuntime(std::uint64_t seed = 1) noexcept;

    [[nodiscard]] bool simulated() const noexcept override { return true; }
    [[nodiscard]] TimePoint now() noexcept override { return now_; }
    [[nodiscard]] WallTime wall_now() noexcept override;
    [[nodiscard]] std::uint64_t seed() noexcept override;
    void arm(Timer& timer, TimePoint until) override { timers_.arm(timer, until); }
    void disarm(Timer& timer) noexcept override { timers_.disarm(timer); }

    /// Runs everything that is ready, then the earliest timer, and so on, until nothing is left to run and no
    /// timer is armed.
    void run(asio::io_context& context);

    /// The same, but no timer later than `until` fires; time ends at `until`.
    void run_until(asio::io_context& context, TimePoint until);

    /// Runs everything that is ready, then fires the earliest timer; false when none was armed.
    bool run_next(asio::io_context& context) { return step(context, end_of_time); }

    /// Moves the clock by hand, for tests of policies without a driver. Fires nothing.
    void advance(Duration by) noexcept { now_ += by; }

    [[nodiscard]] std::size_t armed() const noexcept { return timers_.size(); }

private:
    bool step(asio::io_context& context, TimePoint until);

    TimePoint now_;
    TimePoint start_;
    std::uint64_t seeds_;
    detail::TimerHeap timers_;
};

} // namespace backstay::inline BACKSTAY_ABI
