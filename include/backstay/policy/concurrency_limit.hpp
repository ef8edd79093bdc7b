#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
class Slots;
}

/// Who gets the next free slot.
enum class QueueOrder : std::uint8_t {
    fifo, ///< who came first
    lifo, ///< who came last: when a queue stands, the newest is the likeliest to be still wanted
};

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(QueueOrder order) noexcept;

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

    class BACKSTAY_EXPORT Call {
    public:
        Call() noexcept = default;
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (waits_ || place_ != Place::none) {
                leave();
            }
        }

    private:
        friend class ConcurrencyLimit;
        friend class detail::Slots;
        enum class Place : std::uint8_t { none, slot, queued, displaced };

        void leave() noexcept;

        detail::Slots* slots_ = nullptr;
        // Guarded by the mutex of the slots while `waits_`:
        Call* previous_ = nullptr;
        Call* next_ = nullptr;
        Waker waker_;
        std::uint64_t arrival_ = 0;
        Priority priority_ = Priority::normal;
        Place place_ = Place::none;

        bool waits_ = false; // known to this call alone
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
