#pragma once

#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/detail/outcome_window.hpp>

#include "policy/probe_places.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// The state machine of one circuit.
///
/// `word_` holds state and generation, so that a call through a closed circuit reads it once and compares it
/// once: a pass is valid while the word is the one under which it was given. It is written under the mutex.
/// A probe's permit is a number that is never given twice; its place forgets it when the lease ends, when
/// another result decides, and when it is given back.
class Circuit {
public:
    using Call = CircuitBreaker::Call;

    explicit Circuit(std::shared_ptr<const CircuitBreakerOptions> options);

    [[nodiscard]] Admission admit(Call& mine, CallContext& call) noexcept {
        if (mine.held_ == Call::Held::place_in_queue) [[unlikely]] {
            unlink(mine);
        }
        const std::uint32_t word = word_.load(std::memory_order_acquire);
        if (state_of(word) == CircuitState::closed) [[likely]] {
            return pass(mine, word);
        }
        if (state_of(word) == CircuitState::open && call.now < open_until()) {
            return refuse(open_until() - call.now);
        }
        return admit_probe(mine, call);
    }

    void settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
        const Call::Held held = std::exchange(mine.held_, Call::Held::nothing);
        if (held == Call::Held::pass) [[likely]] {
            if (failure == nullptr && call.now - call.attempt_began <= slow_after_ &&
                try_success(mine.ticket_, call.now)) [[likely]] {
                return;
            }
            settle_pass(mine, call, failure);
        } else if (held == Call::Held::probe) {
            settle_probe(mine, call, failure);
        }
    }

    [[nodiscard]] bool enqueue(Call& mine, Waker waker) noexcept;

    /// Takes back a probe's place or a place in the queue; a place that came free goes to the next in the
    /// queue.
    void give_back(Call& mine) noexcept;

    void close_by_hand() noexcept;
    /// Has everybody in the queue ask again.
    void call_all() noexcept { wake(std::numeric_limits<std::size_t>::max()); }
    [[nodiscard]] CircuitSnapshot snapshot(TimePoint now) const noexcept;

private:
    /// A transition, made under the lock and told after it.
    struct Change {
        EventType type = EventType::circuit_closed;
        Failure cause{};
        Duration open_for{0};
        OutcomeCounts counts{};
    };

    static constexpr CircuitState state_of(std::uint32_t word) noexcept {
        return static_cast<CircuitState>(word & 3U);
    }
    [[nodiscard]] CircuitState state() const noexcept {
        return state_of(word_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] TimePoint open_until() const noexcept {
        return TimePoint(Duration(open_until_.load(std::memory_order_relaxed)));
    }

    static ProbePlaces::Permit permit(const Call& mine) noexcept {
        return {.number = mine.ticket_, .place = mine.place_};
    }
    static Admission pass(Call& mine, std::uint32_t word) noexcept {
        mine.held_ = Call::Held::pass;
        mine.ticket_ = word;
        return Admission::proceed();
    }
    static Admission refuse(Duration retry_in) noexcept {
        return Admission::reject(refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, retry_in));
    }

    /// Counts a good call without a lock; false when that needs the lock. A stale one is done with.
    [[nodiscard]] bool try_success(std::uint32_t ticket, TimePoint now) noexcept {
        if (word_.load(std::memory_order_relaxed) != ticket) {
            return true;
        }
        if (!window_.try_success(now)) {
            return false;
        }
        if (failures_in_a_row_.load(std::memory_order_relaxed) != 0) {
            failures_in_a_row_.store(0, std::memory_order_relaxed);
        }
        return true;
    }

    Admission admit_probe(Call& mine, CallContext& call) noexcept;
    void settle_pass(const Call& mine, CallContext& call, const Failure* failure) noexcept;
    void settle_probe(const Call& mine, CallContext& call, const Failure* failure) noexcept;
    [[nodiscard]] Vote vote(const CallContext& call, const Failure* failure) const noexcept;

    // Under the mutex:
    void enter(CircuitState state) noexcept;
    Change open(const CallContext& call, const Failure* cause) noexcept;
    Change half_open(TimePoint now) noexcept;
    Change close(TimePoint now) noexcept;
    void reset_window() noexcept;
    [[nodiscard]] Duration draw_open_time(Random* random) const noexcept;
    [[nodiscard]] bool must_open(TimePoint now, CallOutcome outcome) const noexcept;

    /// Leaves the queue; false when it had been called out of it already. Takes the mutex.
    bool unlink(Call& mine) noexcept;
    /// Wakes so many of those who wait, the longest waiting first. Takes the mutex, and calls outside it.
    void wake(std::size_t most) noexcept;
    void tell(const CallContext& call, const std::optional<Change>& change) const noexcept;

    std::atomic<std::uint32_t> word_{0};
    std::atomic<std::uint32_t> failures_in_a_row_{0};
    std::atomic<Duration::rep> open_until_{0};
    Duration slow_after_;
    alignas(64) OutcomeWindow window_; // apart from the word that every admit reads

    const std::shared_ptr<const CircuitBreakerOptions> options_;
    mutable std::mutex mutex_;
    TimePoint closed_since_{};
    std::uint32_t openings_ = 0;
    int probe_successes_ = 0;
    ProbePlaces places_;
    Call* first_ = nullptr;
    Call* last_ = nullptr;
    std::size_t queued_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
