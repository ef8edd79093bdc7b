#pragma once

#include <backstay/policy/rate_limiter.hpp>

#include "policy/token_pace.hpp"
#include "policy/waiting_ring.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// A call in the queue for a token. Guarded by the queue's mutex, but for `queue`.
struct TurnWaiter final : RingPlace {
    explicit TurnWaiter(std::shared_ptr<TokenQueue> in) noexcept : queue(std::move(in)) {}

    const std::shared_ptr<TokenQueue> queue;
    Waker waker;
    TimePoint last{}; ///< it waits no longer than that
    Priority priority = Priority::normal;
    bool refused = false; ///< it has left the queue for another one
    bool called = false;  ///< since it was told to wait: it is to ask again
};

/// The tokens of one limiter, and those who wait for one.
///
/// `due_` is the whole bucket, so that a token is taken by one compare-and-swap without a lock. While
/// somebody waits, or holds the mutex, it is kept under the mutex and `due_` says `hidden`: later than any
/// time, so that whoever finds it takes the mutex. The first in the queue waits for the time of the next
/// token; when it leaves, the next one is called to do so.
class TokenQueue {
public:
    using Call = RateLimiter::Call;
    using Self = std::shared_ptr<TokenQueue>;

    TokenQueue(Duration max_wait, int max_queued, TokenPace pace) noexcept
        : max_wait_(max_wait),
          max_queued_(static_cast<std::size_t>(max_queued)),
          interval_(pace.interval),
          depth_(pace.depth) {}

    [[nodiscard]] bool try_take(TimePoint now) noexcept {
        TimePoint due = due_.load(std::memory_order_relaxed);
        while (due <= now && due != hidden) {
            if (due_.compare_exchange_weak(due, pace().after_take(due, now), std::memory_order_acq_rel,
                                           std::memory_order_relaxed)) {
                return true;
            }
        }
        return false;
    }

    /// Queues a call that found no token, or refuses it; it may find one here. `self` owns this queue.
    Admission arrive(Call& mine, const CallContext& call, const Self& self) noexcept;
    /// Answers a call that waits and asks again.
    Admission ask_again(Call& mine, TimePoint now) noexcept;
    bool enqueue(TurnWaiter& waiter, Waker waker) noexcept;
    void leave(TurnWaiter& waiter) noexcept;

    /// Takes the token that the call would have waited for in advance; false when it would have been refused.
    bool try_out(const CallContext& call, Duration& wait) noexcept;

    void set_pace(TokenPace pace, TimePoint now) noexcept;
    [[nodiscard]] RateLimiterSnapshot snapshot(TimePoint now) const noexcept;

private:
    using Line = WaitingRing<TurnWaiter>;

    static constexpr TimePoint hidden = end_of_time;

    /// What has been decided under the lock and is to be done after it.
    struct After {
        std::unique_ptr<TurnWaiter> left; ///< its waker must not die under the lock
        Waker next;                       ///< of the first, who is to look again
        bool called = false;              ///< somebody is
    };

    /// Read together without the mutex they may be of two different paces for one call: no more than that.
    [[nodiscard]] TokenPace pace() const noexcept {
        return {.interval = interval_.load(std::memory_order_relaxed),
                .depth = depth_.load(std::memory_order_relaxed)};
    }
    [[nodiscard]] TimePoint last_of(const CallContext& call) const noexcept {
        return std::min(saturating_add(call.now, max_wait_), saturating_add(call.deadline.at, Duration(-1)));
    }

    // Under the mutex:
    void hide() noexcept;
    void show() noexcept;
    void take(TimePoint now) noexcept { kept_ = pace().after_take(kept_, now); }
    Admission decide(Call& mine, const CallContext& call, const Self& self, After& after) noexcept;
    [[nodiscard]] TurnWaiter* first() const noexcept;
    [[nodiscard]] TurnWaiter* youngest_below(Priority priority) const noexcept;
    /// Counts those of the higher priorities, which are so many.
    [[nodiscard]] std::size_t waiting_in(std::size_t priorities) const noexcept;
    Admission reject(Duration retry_in) noexcept;
    void link(TurnWaiter& waiter) noexcept;
    void unlink(TurnWaiter& waiter) noexcept;
    /// Puts one out of the queue. The caller calls the first one, when that has become another.
    void refuse(TurnWaiter& waiter, After& after) noexcept;
    /// Refuses those whose token comes too late, except the higher priorities, which are so many.
    void refuse_late(std::size_t except, TimePoint now, After& after) noexcept;
    void call_first(After& after) noexcept;

    void carry_out(After& after) noexcept; // outside the lock

    const Duration max_wait_;
    const std::size_t max_queued_;
    std::atomic<TimePoint> due_{TimePoint::min()};
    std::atomic<Duration> interval_;
    std::atomic<Duration> depth_;
    std::atomic<std::uint64_t> waited_{0};
    std::atomic<std::uint64_t> refused_{0};
    mutable std::mutex mutex_;
    TimePoint kept_ = TimePoint::min(); ///< `due_` while that is hidden
    std::array<Line, 3> lines_;         ///< by priority, each in the order of arrival
    std::array<std::size_t, 3> lengths_{};
    Line called_; ///< refused after they had waited, and not woken yet
};

} // namespace backstay::inline BACKSTAY_ABI::detail
