#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Armed timers, the earliest on top; ties in the order of arming. An indexed 4-ary heap: each timer knows
/// its position, so that taking one out of the middle costs O(log n) too. Thread safety: none.
class BACKSTAY_EXPORT TimerHeap {
public:
    TimerHeap() = default;
    TimerHeap(const TimerHeap&) = delete;
    TimerHeap& operator=(const TimerHeap&) = delete;
    /// Leaves the timers disarmed.
    ~TimerHeap();

    /// Arms a timer, replacing an earlier time. Throws `std::bad_alloc`, then it is not armed.
    void arm(Timer& timer, TimePoint at);
    /// Does nothing for a timer that is not armed.
    void disarm(Timer& timer) noexcept;

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    /// When the earliest is due. Precondition: not empty.
    [[nodiscard]] TimePoint earliest() const noexcept { return entries_.front().at; }
    /// Takes out the earliest. Precondition: not empty.
    [[nodiscard]] Timer& pop() noexcept;

private:
    struct Entry {
        TimePoint at;
        std::uint64_t order;
        Timer* timer;
    };

    static bool before(const Entry& a, const Entry& b) noexcept {
        return a.at != b.at ? a.at < b.at : a.order < b.order;
    }
    void sift_up(std::size_t index) noexcept;
    void sift_down(std::size_t index) noexcept;
    void place(std::size_t index, const Entry& entry) noexcept {
        entries_[index] = entry;
        entry.timer->position = index + 1;
    }

    std::vector<Entry> entries_;
    std::uint64_t orders_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
