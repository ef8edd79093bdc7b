#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/policy/detail/slot_hold.hpp>
#include <backstay/policy/queue_order.hpp>

#include <memory>

namespace backstay::inline BACKSTAY_ABI {

struct ConcurrencyLimitOptions {
    int limit = 1'000;      ///< attempts at once, 1 to 1 000 000
    int max_queued = 1'000; ///< calls that may wait for a slot, at most 1 000 000; 0: refuse at once
    QueueOrder order = QueueOrder::fifo;
    bool dry_run = false; ///< counts and reports what it would refuse; nobody waits, nobody is refused
};

struct ConcurrencySnapshot {
    int in_flight = 0;
    int queued = 0; ///< in a dry run: those that would be
    int limit = 0;
};

/// Bounds how many attempts run at once; a call that sleeps between attempts holds no slot. Those who find no
/// slot wait, until their deadline or cancellation. When the queue is full the lowest priority is refused
/// first: an arrival takes the place of the youngest waiting call of the lowest priority below its own.
///
/// A slot that comes free is handed to the next waiter, not raced for: none is lost when that one leaves, and
/// no newcomer overtakes. A handle: a copy shares slots and queue, `clone` shares none. It, or a copy,
/// outlives the calls it admitted. Errors: refuses with `concurrency_rejected`; no exception, no allocation.
/// Thread safety: all members from any thread. Cost: without a queue two atomic operations a call, else a
/// short mutex. Source: Netflix concurrency-limits; Finagle; "hand-off, not wake-and-race" of fair
/// semaphores.
class BACKSTAY_EXPORT ConcurrencyLimit {
public:
    static constexpr Stage stage = Stage::concurrency_limit;

    class Call {
    private:
        friend class ConcurrencyLimit;
        detail::SlotHold slot_;
    };

    /// Throws `std::invalid_argument` naming the option that is out of range.
    explicit ConcurrencyLimit(const ConcurrencyLimitOptions& options = ConcurrencyLimitOptions());

    [[nodiscard]] ConcurrencyLimit clone() const;
    [[nodiscard]] StageDescription describe() const;

    Admission admit(Call& mine, CallContext& call) noexcept;
    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept;
    bool enqueue(Call& mine, Waker waker) noexcept;

    /// Changes the limit. Waiting calls get what comes free by it; calls above a lower one run to their end.
    /// Throws `std::invalid_argument` when it is not 1 to 1 000 000; then nothing has changed.
    void set_limit(int limit);

    [[nodiscard]] ConcurrencySnapshot snapshot() const noexcept;

private:
    std::shared_ptr<detail::Slots> slots_;
};

static_assert(QueueingPolicy<ConcurrencyLimit> && sizeof(ConcurrencyLimit::Call) <= 72);

} // namespace backstay::inline BACKSTAY_ABI
