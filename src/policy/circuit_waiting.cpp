#include "policy/circuit.hpp"

#include <utility>

/// \file
/// The calls that wait for the decision of a half-open circuit's probes, in the order of their arrival.

namespace backstay::inline BACKSTAY_ABI::detail {

bool Circuit::enqueue(Call& mine, Waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (state() != CircuitState::half_open || places_.has_free()) {
        return false;
    }
    mine.waker_ = std::move(waker);
    mine.next_ = nullptr;
    mine.linked_ = true;
    mine.held_ = Call::Held::place_in_queue;
    (last_ != nullptr ? last_->next_ : first_) = &mine;
    last_ = &mine;
    ++queued_;
    return true;
}

bool Circuit::unlink(Call& mine) noexcept {
    Waker dropped; // after the lock
    const std::lock_guard lock(mutex_);
    mine.held_ = Call::Held::nothing;
    if (!std::exchange(mine.linked_, false)) {
        return false;
    }
    Call* before = nullptr;
    for (Call* at = first_; at != &mine; at = at->next_) { // not far: the oldest tend to leave first
        before = at;
    }
    (before != nullptr ? before->next_ : first_) = mine.next_;
    if (last_ == &mine) {
        last_ = before;
    }
    dropped = std::exchange(mine.waker_, {});
    --queued_;
    return true;
}

void Circuit::wake(std::size_t most) noexcept {
    for (; most > 0; --most) {
        Waker waker;
        {
            const std::lock_guard lock(mutex_);
            if (first_ == nullptr) {
                return;
            }
            Call& woken = *first_;
            waker = std::exchange(woken.waker_, {});
            woken.linked_ = false;
            first_ = woken.next_;
            last_ = first_ == nullptr ? nullptr : last_;
            --queued_;
        }
        waker.wake();
    }
}

void Circuit::give_back(Call& mine) noexcept {
    const Call::Held held = std::exchange(mine.held_, Call::Held::nothing);
    if (held == Call::Held::place_in_queue) {
        if (unlink(mine)) {
            return;
        }
    } else if (held != Call::Held::probe) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        if (held == Call::Held::probe) {
            places_.give_back(permit(mine));
        } // else it was called to a place, which another may have now
        if (state() != CircuitState::half_open || !places_.has_free()) {
            return;
        }
    }
    wake(1);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
