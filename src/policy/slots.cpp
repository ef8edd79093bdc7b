#include "policy/slots.hpp"

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

std::uint64_t ceiling(const SlotsOptions& options, int limit) noexcept {
    return static_cast<std::uint64_t>(limit) +
           (options.dry_run ? static_cast<std::uint64_t>(options.max_queued) : 0);
}

} // namespace

Slots::Slots(const SlotsOptions& with) noexcept : options(with), ceiling_(ceiling(with, with.limit)) {}

Admission Slots::refuse() const noexcept {
    return Admission::reject({.kind = FailureKind::concurrency_rejected,
                              .reach = Reach::refused_here,
                              .refused_by = options.refused_by}); // nobody knows when: no hint
}

Admission Slots::let_through(const CallContext& call) const noexcept {
    call.notify({.type = EventType::refused,
                 .kind = FailureKind::concurrency_rejected,
                 .refused_by = options.refused_by,
                 .dry_run = true});
    return Admission::proceed();
}

Admission Slots::arrive(SlotHold& mine, Priority priority) noexcept {
    Waker displaced;
    Waker served;
    const Admission answer = [&] {
        const std::lock_guard lock(mutex_);
        if (try_take()) { // it came free on the way here
            mine.place_ = SlotHold::Place::slot;
            return Admission::proceed();
        }
        if (queue_is_full()) {
            SlotHold* const victim = youngest_below(priority);
            if (victim == nullptr) {
                return refuse();
            }
            unlink(*victim, SlotHold::Place::displaced);
            displaced = std::exchange(victim->waker_, {});
        }
        mine.priority_ = priority;
        link(mine);
        SlotHold* const next = hand_one_over();
        if (next == &mine) {
            return Admission::proceed();
        }
        if (next != nullptr) {
            served = std::exchange(next->waker_, {});
        }
        mine.waits_ = true;
        return Admission::wait();
    }();
    displaced.wake();
    served.wake();
    return answer;
}

Admission Slots::ask_again(SlotHold& mine) noexcept {
    const std::lock_guard lock(mutex_);
    if (mine.place_ == SlotHold::Place::queued) {
        return Admission::wait();
    }
    mine.waits_ = false;
    if (mine.place_ == SlotHold::Place::slot) {
        return Admission::proceed();
    }
    mine.place_ = SlotHold::Place::none;
    return refuse();
}

bool Slots::enqueue(SlotHold& mine, Waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (mine.place_ != SlotHold::Place::queued) {
        return false;
    }
    std::swap(mine.waker_, waker); // an old one dies after the lock
    return true;
}

void SlotHold::leave() noexcept {
    slots_->leave(*this);
}

void Slots::leave(SlotHold& mine) noexcept {
    if (mine.waits_) {
        const std::lock_guard lock(mutex_);
        if (mine.place_ == SlotHold::Place::queued) {
            unlink(mine, SlotHold::Place::none);
        }
        mine.waits_ = false;
    }
    if (std::exchange(mine.place_, SlotHold::Place::none) == SlotHold::Place::slot) {
        release();
    }
}

void Slots::hand_over() noexcept {
    for (;;) {
        Waker served;
        {
            const std::lock_guard lock(mutex_);
            SlotHold* const next = hand_one_over();
            if (next == nullptr) {
                return;
            }
            served = std::exchange(next->waker_, {});
        }
        served.wake();
    }
}

SlotHold* Slots::hand_one_over() noexcept {
    const std::uint64_t taken = word_.load(std::memory_order_acquire) % one_queued;
    SlotHold* const next = next_in_order();
    if (next == nullptr || taken >= ceiling_.load(std::memory_order_relaxed)) {
        return nullptr;
    }
    // While it is queued nobody takes a slot without the mutex, so that one is still free here.
    word_.fetch_add(one_slot, std::memory_order_acq_rel);
    unlink(*next, SlotHold::Place::slot);
    return next;
}

SlotHold* Slots::next_in_order() const noexcept {
    SlotHold* next = nullptr;
    for (const Line& line : lines_) {
        SlotHold* const candidate = options.order == QueueOrder::fifo ? line.first : line.last;
        if (candidate != nullptr && (next == nullptr || (candidate->arrival_ < next->arrival_) ==
                                                            (options.order == QueueOrder::fifo))) {
            next = candidate;
        }
    }
    return next;
}

SlotHold* Slots::youngest_below(Priority priority) const noexcept {
    for (std::size_t lower = lines_.size() - 1; lower > static_cast<std::size_t>(priority); --lower) {
        if (lines_[lower].last != nullptr) {
            return lines_[lower].last;
        }
    }
    return nullptr;
}

void Slots::link(SlotHold& call) noexcept {
    Line& line = line_of(call.priority_);
    call.place_ = SlotHold::Place::queued;
    call.arrival_ = ++arrivals_;
    call.previous_ = line.last;
    call.next_ = nullptr;
    (line.last != nullptr ? line.last->next_ : line.first) = &call;
    line.last = &call;
    word_.fetch_add(one_queued, std::memory_order_acq_rel);
}

void Slots::unlink(SlotHold& call, SlotHold::Place now_in) noexcept {
    Line& line = line_of(call.priority_);
    (call.previous_ != nullptr ? call.previous_->next_ : line.first) = call.next_;
    (call.next_ != nullptr ? call.next_->previous_ : line.last) = call.previous_;
    call.place_ = now_in;
    word_.fetch_sub(one_queued, std::memory_order_acq_rel);
}

void Slots::set_limit(int limit) noexcept {
    const std::lock_guard lock(mutex_);
    ceiling_.store(ceiling(options, limit), std::memory_order_relaxed);
}

SlotsSnapshot Slots::snapshot() const noexcept {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    const auto limit = static_cast<int>(ceiling_.load(std::memory_order_relaxed)) -
                       (options.dry_run ? options.max_queued : 0);
    const auto taken = static_cast<int>(word % one_queued);
    if (options.dry_run) {
        return {.in_flight = std::min(taken, limit), .queued = std::max(taken - limit, 0), .limit = limit};
    }
    return {.in_flight = taken, .queued = static_cast<int>(word / one_queued), .limit = limit};
}

} // namespace backstay::inline BACKSTAY_ABI::detail
