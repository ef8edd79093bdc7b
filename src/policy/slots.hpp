#pragma once

#include <backstay/policy/concurrency_limit.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace backstay::inline BACKSTAY_ABI::detail {

/// The slots of a concurrency limit and the queue for them.
///
/// One word counts the slots taken (low half) and the calls queued (high half), so that "nobody waits and a
/// slot is free" is one comparison, and a slot is taken by one compare-and-swap without a lock. Whoever
/// queues adds itself to the word and then looks for a free slot; whoever frees a slot takes it off the word
/// and then looks for a queue: one of the two sees the other, whatever the interleaving. While anybody is
/// queued slots are taken under the mutex only, by handing them to the next in the queue.
class Slots {
public:
    using Call = ConcurrencyLimit::Call;

    explicit Slots(const ConcurrencyLimitOptions& with) noexcept;

    const ConcurrencyLimitOptions options; ///< the limit as it was at first

    [[nodiscard]] bool try_take() noexcept {
        std::uint64_t word = word_.load(std::memory_order_relaxed);
        const std::uint64_t ceiling = ceiling_.load(std::memory_order_relaxed);
        while (word < ceiling) { // the high half is 0: nobody is queued
            if (word_.compare_exchange_weak(word, word + one_slot, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
                return true;
            }
        }
        return false;
    }

    void release() noexcept {
        const std::uint64_t before = word_.fetch_sub(one_slot, std::memory_order_acq_rel);
        if (before >= one_queued) [[unlikely]] {
            hand_over();
        }
    }

    /// Queues a call that found no slot; it may get one here, or find the queue full.
    Admission arrive(Call& mine, Priority priority) noexcept;
    /// Answers a call that waits and asks again.
    Admission ask_again(Call& mine) noexcept;
    bool leave_waker(Call& mine, Waker waker) noexcept;
    void leave(Call& mine) noexcept;

    void set_limit(int limit) noexcept;
    [[nodiscard]] ConcurrencySnapshot snapshot() const noexcept;

private:
    static constexpr std::uint64_t one_slot = 1;
    static constexpr std::uint64_t one_queued = std::uint64_t{1} << 32U;

    struct Line {
        Call* first = nullptr;
        Call* last = nullptr;
    };

    /// Gives free slots to those who wait. Takes the mutex, and wakes outside it.
    void hand_over() noexcept;

    // Under the mutex:
    /// Gives a free slot to the next in the queue, if there are both.
    [[nodiscard]] Call* hand_one_over() noexcept;
    [[nodiscard]] Call* next_in_order() const noexcept;
    /// Finds the youngest of the lowest priority below this one, or null.
    [[nodiscard]] Call* youngest_below(Priority priority) const noexcept;
    void link(Call& call) noexcept;
    void unlink(Call& call, Call::Place now_in) noexcept;

    Line& line_of(Priority priority) noexcept { return lines_[static_cast<std::size_t>(priority)]; }
    [[nodiscard]] bool queue_is_full() const noexcept {
        return word_.load(std::memory_order_relaxed) / one_queued >=
               static_cast<std::uint64_t>(options.max_queued);
    }

    std::atomic<std::uint64_t> word_{0};
    std::atomic<std::uint64_t> ceiling_; ///< calls in flight at once; in a dry run the would-be queue as well
    std::mutex mutex_;
    std::array<Line, 3> lines_{}; ///< by priority, each in the order of arrival
    std::uint64_t arrivals_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
