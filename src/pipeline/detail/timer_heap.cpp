#include <backstay/pipeline/detail/timer_heap.hpp>

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {
constexpr std::size_t arity = 4;
}

TimerHeap::~TimerHeap() {
    for (const Entry& entry : entries_) {
        entry.timer->position = 0;
    }
}

void TimerHeap::arm(Timer& timer, TimePoint at) {
    disarm(timer);
    entries_.push_back({at, orders_++, &timer});
    timer.position = entries_.size();
    sift_up(entries_.size() - 1);
}

void TimerHeap::disarm(Timer& timer) noexcept {
    if (timer.position == 0) {
        return;
    }
    const std::size_t index = timer.position - 1;
    timer.position = 0;
    const Entry last = entries_.back();
    entries_.pop_back();
    if (index < entries_.size()) {
        place(index, last);
        sift_up(index);
        sift_down(last.timer->position - 1);
    }
}

Timer& TimerHeap::pop() noexcept {
    Timer& timer = *entries_.front().timer;
    disarm(timer);
    return timer;
}

void TimerHeap::sift_up(std::size_t index) noexcept {
    const Entry entry = entries_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / arity;
        if (!before(entry, entries_[parent])) {
            break;
        }
        place(index, entries_[parent]);
        index = parent;
    }
    place(index, entry);
}

void TimerHeap::sift_down(std::size_t index) noexcept {
    const Entry entry = entries_[index];
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= entries_.size()) {
            break;
        }
        std::size_t least = first;
        for (std::size_t child = first + 1; child < std::min(first + arity, entries_.size()); ++child) {
            if (before(entries_[child], entries_[least])) {
                least = child;
            }
        }
        if (!before(entries_[least], entry)) {
            break;
        }
        place(index, entries_[least]);
        index = least;
    }
    place(index, entry);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
