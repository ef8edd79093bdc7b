#pragma once

#include <backstay/policy/adaptive_throttle.hpp>

#include "policy/sliding_sum.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace backstay::inline BACKSTAY_ABI::detail {

/// The counts of one key.
///
/// Accepts only increment `pending_`, which holds those of the bucket that is open; whoever takes the mutex
/// folds them in, the first accept of a later bucket too. What was not accepted is counted under the mutex
/// and published in `lost_`, so that a call finds out in one read that there is nothing to refuse for. (An
/// accept whose thread is held up may be counted one bucket late.)
class Throttle {
public:
    explicit Throttle(std::shared_ptr<const AdaptiveThrottleOptions> options) noexcept;

    /// True when the call is to be refused; it is counted then.
    [[nodiscard]] bool refuses(const CallContext& call) noexcept {
        return lost_.load(std::memory_order_relaxed) != 0 && draws_refusal(call);
    }

    void accepted(TimePoint now) noexcept {
        if (now.time_since_epoch().count() >= bucket_end_.load(std::memory_order_relaxed)) [[unlikely]] {
            const std::lock_guard lock(mutex_);
            move_to(now);
        }
        pending_.fetch_add(1, std::memory_order_relaxed);
    }
    void lost(TimePoint now) noexcept;

    [[nodiscard]] AdaptiveThrottleSnapshot snapshot(TimePoint now) noexcept;

private:
    static constexpr std::size_t buckets = 120;

    bool draws_refusal(const CallContext& call) noexcept;

    // Under the mutex:
    void move_to(TimePoint now) noexcept;
    void lose() noexcept;
    /// The share of calls with this `k` to refuse.
    [[nodiscard]] double refusal(double k) const noexcept;

    const std::shared_ptr<const AdaptiveThrottleOptions> options_;
    const Duration::rep bucket_ticks_;

    std::atomic<std::int64_t> lost_{0}; ///< requests in the window that were not accepted
    std::atomic<Duration::rep> bucket_end_{0};
    std::atomic<std::int64_t> pending_{0};

    std::mutex mutex_; // for what follows
    SlidingSum<buckets> accepts_;
    SlidingSum<buckets> losses_;
    std::uint64_t refused_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
