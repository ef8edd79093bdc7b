#include "policy/token_queue.hpp"

#include <algorithm>
#include <new>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

std::size_t index(Priority priority) noexcept {
    return static_cast<std::size_t>(priority);
}

} // namespace

Admission TokenQueue::arrive(Call& mine, const CallContext& call, const Self& self) noexcept {
    After after;
    const Admission answer = [&] {
        const std::lock_guard lock(mutex_);
        hide();
        const TurnWaiter* const first_before = first();
        const Admission decided = decide(mine, call, self, after);
        if (decided.answer != Admission::Answer::reject) { // those behind it come later than they thought
            refuse_late(index(call.priority) + 1, call.now, after);
        }
        if (first() != first_before && first() != mine.waiter_) {
            call_first(after);
        }
        show();
        return decided;
    }();
    carry_out(after);
    return answer;
}

Admission TokenQueue::decide(Call& mine, const CallContext& call, const Self& self, After& after) noexcept {
    const std::size_t before = waiting_in(index(call.priority) + 1);
    const TimePoint at = pace().at(kept_, call.now, before);
    if (before == 0 && at <= call.now) {
        take(call.now);
        return Admission::proceed();
    }
    if (at > last_of(call)) {
        return reject(at - call.now);
    }
    if (waiting_in(lines_.size()) >= max_queued_) {
        TurnWaiter* const victim = youngest_below(call.priority);
        if (victim == nullptr) {
            return reject(at - call.now);
        }
        refuse(*victim, after);
    }
    mine.waiter_ = new (std::nothrow) TurnWaiter(self);
    if (mine.waiter_ == nullptr) {
        return reject(at - call.now);
    }
    mine.waiter_->last = last_of(call);
    mine.waiter_->priority = call.priority;
    link(*mine.waiter_);
    waited_.fetch_add(1, std::memory_order_relaxed);
    return Admission::wait(before == 0 ? kept_ : end_of_time);
}

Admission TokenQueue::ask_again(Call& mine, TimePoint now) noexcept {
    After after;
    const Admission answer = [&] {
        const std::lock_guard lock(mutex_);
        TurnWaiter& waiter = *mine.waiter_;
        waiter.called = false;
        if (!waiter.refused && first() != &waiter) {
            return Admission::wait();
        }
        hide();
        Admission decided = Admission::proceed();
        if (waiter.refused) {
            const std::size_t before = waiting_in(index(waiter.priority) + 1);
            decided = reject(pace().at(kept_, now, before) - now);
        } else if (kept_ > now) {
            return Admission::wait(kept_);
        } else {
            take(now);
        }
        unlink(waiter);
        if (!waiter.refused) {
            call_first(after);
        }
        after.left.reset(std::exchange(mine.waiter_, nullptr));
        show();
        return decided;
    }();
    carry_out(after);
    return answer;
}

bool TokenQueue::enqueue(TurnWaiter& waiter, Waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (waiter.called) {
        return false;
    }
    std::swap(waiter.waker, waker); // an old one dies after the lock
    return true;
}

void TokenQueue::leave(TurnWaiter& waiter) noexcept {
    After after;
    {
        const std::lock_guard lock(mutex_);
        hide();
        const bool was_first = first() == &waiter;
        unlink(waiter);
        if (was_first) {
            call_first(after);
        }
        show();
    }
    carry_out(after);
}

bool TokenQueue::try_out(const CallContext& call, Duration& wait) noexcept {
    const std::lock_guard lock(mutex_);
    hide();
    wait = kept_ > call.now ? kept_ - call.now : Duration::zero();
    // tokens are given away in advance: how far ahead tells how many would be waiting
    const auto before = static_cast<std::size_t>((wait - Duration(1)) / pace().interval);
    const bool refused = wait > Duration::zero() && (kept_ > last_of(call) || before >= max_queued_);
    if (!refused) {
        take(call.now);
        waited_.fetch_add(wait > Duration::zero() ? 1 : 0, std::memory_order_relaxed);
    } else {
        refused_.fetch_add(1, std::memory_order_relaxed);
    }
    show();
    return !refused;
}

void TokenQueue::set_pace(TokenPace changed, TimePoint now) noexcept {
    After after;
    {
        const std::lock_guard lock(mutex_);
        hide();
        kept_ = pace().converted(kept_, now, changed);
        interval_.store(changed.interval, std::memory_order_relaxed);
        depth_.store(changed.depth, std::memory_order_relaxed);
        refuse_late(0, now, after);
        call_first(after); // to wait for another time
        show();
    }
    carry_out(after);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
