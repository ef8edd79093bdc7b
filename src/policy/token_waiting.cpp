#include "policy/token_queue.hpp"

#include <numeric>

/// \file
/// Those who wait for a token.

namespace backstay::inline BACKSTAY_ABI::detail {

void TokenQueue::hide() noexcept {
    const TimePoint due = due_.exchange(hidden, std::memory_order_acq_rel);
    if (due != hidden) {
        kept_ = due;
    }
}

void TokenQueue::show() noexcept {
    if (first() == nullptr) {
        due_.store(kept_, std::memory_order_release);
    }
}

TurnWaiter* TokenQueue::first() const noexcept {
    for (const Line& line : lines_) {
        if (TurnWaiter* const waiter = line.first()) {
            return waiter;
        }
    }
    return nullptr;
}

TurnWaiter* TokenQueue::youngest_below(Priority priority) const noexcept {
    for (std::size_t lower = lines_.size() - 1; lower > static_cast<std::size_t>(priority); --lower) {
        if (TurnWaiter* const waiter = lines_[lower].last()) {
            return waiter;
        }
    }
    return nullptr;
}

std::size_t TokenQueue::waiting_in(std::size_t priorities) const noexcept {
    return std::accumulate(lengths_.begin(), lengths_.begin() + static_cast<std::ptrdiff_t>(priorities),
                           std::size_t{0});
}

void TokenQueue::link(TurnWaiter& waiter) noexcept {
    const auto line = static_cast<std::size_t>(waiter.priority);
    lines_[line].add(waiter);
    ++lengths_[line];
}

void TokenQueue::unlink(TurnWaiter& waiter) noexcept {
    waiter.RingPlace::leave();
    if (!waiter.refused) {
        --lengths_[static_cast<std::size_t>(waiter.priority)];
    }
}

void TokenQueue::refuse(TurnWaiter& waiter, After& after) noexcept {
    unlink(waiter);
    waiter.refused = true;
    waiter.called = true;
    called_.add(waiter);
    after.called = true;
}

void TokenQueue::refuse_late(std::size_t except, TimePoint now, After& after) noexcept {
    std::size_t before = waiting_in(except);
    for (std::size_t line = except; line < lines_.size(); ++line) {
        for (TurnWaiter* waiter = lines_[line].first(); waiter != nullptr;) {
            TurnWaiter* const next = lines_[line].after(*waiter);
            if (pace().at(kept_, now, before) > waiter->last) {
                refuse(*waiter, after);
            } else {
                ++before;
            }
            waiter = next;
        }
    }
}

void TokenQueue::call_first(After& after) noexcept {
    TurnWaiter* const waiter = first();
    if (waiter == nullptr) {
        return;
    }
    waiter->called = true;
    if (waiter->waker) { // else it has not left one yet
        after.next = std::exchange(waiter->waker, {});
    }
}

void TokenQueue::carry_out(After& after) noexcept {
    after.next.wake();
    while (after.called) {
        Waker waker;
        {
            const std::lock_guard lock(mutex_);
            TurnWaiter* const waiter = called_.first();
            if (waiter == nullptr) {
                return;
            }
            waiter->RingPlace::leave();
            waker = std::exchange(waiter->waker, {});
        }
        waker.wake();
    }
}

Admission TokenQueue::reject(Duration retry_in) noexcept {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return Admission::reject(refusal(FailureKind::rate_limit_rejected, RefusedBy::rate_limiter, retry_in));
}

RateLimiterSnapshot TokenQueue::snapshot(TimePoint now) const noexcept {
    const std::lock_guard lock(mutex_);
    const TimePoint shown = due_.load(std::memory_order_relaxed);
    const TimePoint due = shown == hidden ? kept_ : shown;
    return {.tokens = pace().tokens(due, now),
            .next_token = std::max(due, now),
            .queued = static_cast<int>(waiting_in(lines_.size())),
            .waited = waited_.load(std::memory_order_relaxed),
            .refused = refused_.load(std::memory_order_relaxed)};
}

} // namespace backstay::inline BACKSTAY_ABI::detail
