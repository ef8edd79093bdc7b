#pragma once

#include <backstay/core/protocol.hpp>
#include <backstay/policy/detail/slot_hold.hpp>
#include <backstay/policy/queue_order.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

struct SlotsOptions {
    int limit = 1; ///< as it is at first
    int max_queued = 0;
    QueueOrder order = QueueOrder::fifo;
    bool dry_run = false;
    RefusedBy refused_by = RefusedBy::concurrency_limit;
};

struct SlotsSnapshot {
    int in_flight = 0;
    int queued = 0; ///< in a dry run: those that would be
    int limit = 0;
};

/// The slots of a limit and the queue for them, by priority and with hand-off.
///
/// One word counts the slots taken (low half) and the calls queued (high half), so that "nobody waits and a
/// slot is free" is one comparison, and a slot is taken by one compare-and-swap without a lock. Whoever
/// queues adds itself to the word and then looks for a free slot; whoever frees a slot takes it off the word
/// and then looks for a queue: one of the two sees the other, whatever the interleaving. While anybody is
/// queued slots are taken under the mutex only, by handing them to the next in the queue.
class Slots {
public:
    explicit Slots(const SlotsOptions& with) noexcept;

    const SlotsOptions options;

    Admission admit(SlotHold& mine, const CallContext& call) noexcept {
        if (mine.waits_) [[unlikely]] {
            return ask_again(mine);
        }
        mine.slots_ = this;
        if (try_take()) [[likely]] {
            mine.place_ = SlotHold::Place::slot;
            return Admission::proceed();
        }
        return options.dry_run ? let_through(call) : arrive(mine, call.priority);
    }

    /// Gives the slot back. Returns how many were taken, this one included; 0 when the call held none.
    int settle(SlotHold& mine) noexcept {
        return std::exchange(mine.place_, SlotHold::Place::none) == SlotHold::Place::slot ? release() : 0;
    }

    bool enqueue(SlotHold& mine, Waker waker) noexcept;
    void leave(SlotHold& mine) noexcept;

    /// Changes the limit; calls above a lower one run to their end. It wakes nobody: after a higher one call
    /// `hand_over`, outside any lock.
    void set_limit(int limit) noexcept;
    /// Gives free slots to those who wait. Takes the mutex, and wakes outside it.
    void hand_over() noexcept;
    [[nodiscard]] SlotsSnapshot snapshot() const noexcept;

private:
    static constexpr std::uint64_t one_slot = 1;
    static constexpr std::uint64_t one_queued = std::uint64_t{1} << 32U;

    struct Line {
        SlotHold* first = nullptr;
        SlotHold* last = nullptr;
    };

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

    int release() noexcept {
        const std::uint64_t before = word_.fetch_sub(one_slot, std::memory_order_acq_rel);
        if (before >= one_queued) [[unlikely]] {
            hand_over();
        }
        return static_cast<int>(before % one_queued);
    }

    [[nodiscard]] Admission refuse() const noexcept;
    /// Reports what would be refused in a dry run, and does not do it.
    Admission let_through(const CallContext& call) const noexcept;
    /// Queues a call that found no slot; it may get one here, or find the queue full.
    Admission arrive(SlotHold& mine, Priority priority) noexcept;
    /// Answers a call that waits and asks again.
    Admission ask_again(SlotHold& mine) noexcept;

    // Under the mutex:
    /// Gives a free slot to the next in the queue, if there are both.
    [[nodiscard]] SlotHold* hand_one_over() noexcept;
    [[nodiscard]] SlotHold* next_in_order() const noexcept;
    /// Finds the youngest of the lowest priority below this one, or null.
    [[nodiscard]] SlotHold* youngest_below(Priority priority) const noexcept;
    void link(SlotHold& call) noexcept;
    void unlink(SlotHold& call, SlotHold::Place now_in) noexcept;

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
