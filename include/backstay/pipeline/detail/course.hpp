#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/pipeline/detail/parking.hpp>
#include <backstay/pipeline/detail/settlement.hpp>
#include <backstay/pipeline/detail/stages.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <tuple>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What the driver is to do next.
enum class Step : std::uint8_t {
    wait,    ///< until `Course::until`, or until woken, stopped or cancelled; then say so by `waited`
    attempt, ///< run the operation, or the branches of the hedge; then say how it went by `attempted`
    done,    ///< `Course::ending` says what the call came to
};

// Out of line: without an observer a call pays one branch, not the making of a record.
BACKSTAY_EXPORT void tell_attempt_started(const CallContext& call) noexcept;
BACKSTAY_EXPORT void tell_refused(const CallContext& call, const Settlement& ending) noexcept;
BACKSTAY_EXPORT void tell_attempt_ended(const CallContext& call, const Settlement& ending) noexcept;
/// `failure` is what the call came to; null after a success. When the caller tells it, it is left in the
/// notes.
BACKSTAY_EXPORT void tell_call_ended(const CallContext& call, const Failure* failure,
                                     bool by_caller) noexcept;

/// Finds the first stage from `from` on that branches; the number of stages when none does.
template <class... P>
[[nodiscard]] consteval std::size_t branching_from(std::size_t from) noexcept {
    std::size_t index = 0;
    std::size_t found = sizeof...(P);
    ((found = index >= from && found == sizeof...(P) && BranchingPolicy<P> ? index : found, ++index), ...);
    return found;
}

/// Decides what a call does next, sans I/O: it asks the stages, settles them, and cuts what may not go on.
/// The driver only waits and calls. Its stages are those from `First` to the next one that branches, that one
/// included, or to the last.
template <std::size_t First, class... P>
class Course {
public:
    static constexpr std::size_t branching = branching_from<P...>(First);
    static constexpr bool branches = branching < sizeof...(P);
    static constexpr std::size_t last = branches ? branching + 1 : sizeof...(P);

    /// `attempts` counts those of all branches.
    Course(std::tuple<P...>& policies, CallContext& call, int& attempts) noexcept
        : policies_(policies), call_(call), attempts_(&attempts) {}
    Course(const Course&) = delete;
    Course& operator=(const Course&) = delete;

    /// `canceled`: the call has been cancelled by now.
    [[nodiscard]] Step next(bool canceled) noexcept {
        if (attempted_) {
            ended_attempt(canceled);
        } else {
            heed_end(canceled);
        }
        for (;;) {
            if (!attempted_) {
                if (sleeping_) {
                    return Step::wait;
                }
                if (const Step step = ask(); step != Step::done) {
                    return step;
                }
            }
            attempted_ = false;
            if (!settle()) {
                return Step::done;
            }
        }
    }

    /// When a wait ends at the latest.
    [[nodiscard]] TimePoint until() const noexcept { return std::min(until_, call_.deadline.at); }

    /// Leaves a waker with the stage that is waited for; false when it need not be waited for after all.
    [[nodiscard]] bool park(Parking& parking) noexcept {
        parking.forget_turn();
        return !queueing_ || !stages_.queues() || stages_.enqueue(policies_, parking.waker());
    }

    void waited(Woken woken, Runtime& runtime) noexcept {
        const TimePoint asked = call_.now;
        call_.now = runtime.now();
        if (queueing_) {
            call_.queued += call_.now - asked;
        }
        ended_ = cut_by(woken);
        if (ended_ != FailureKind::none && queueing_) {
            stages_.abandon();
        }
        // a waker may be called late: what it was for is over, and a server's wait is not cut short by it
        sleeping_ = sleeping_ && ended_ == FailureKind::none && call_.now < until_;
        queueing_ = false;
    }

    /// `failure` is null after a success.
    void attempted(const Failure* failure, TimePoint now) noexcept {
        call_.now = now;
        attempted_ = true;
        ending_ = {};
        if (failure != nullptr) {
            ending_.failed = true;
            ending_.failure = *failure;
        }
    }

    /// The same when no branch of a hedge came to an attempt: a stage inside it or the driver made the
    /// failure.
    void never_began(const Failure& failure, TimePoint now) noexcept {
        call_.now = now;
        attempted_ = true;
        ending_.refuse(failure);
        ending_.timed_out = failure.kind == call_.deadline.kind && now >= call_.deadline.at;
        ending_.final = ending_.timed_out || stop_requested();
    }

    [[nodiscard]] Settlement& ending() noexcept { return ending_; }
    [[nodiscard]] Stages<First, last, P...>& stages() noexcept { return stages_; }

private:
    /// Takes note of what ends the call before its next attempt begins.
    void heed_end(bool canceled) noexcept {
        if (canceled) {
            ended_ = FailureKind::canceled;
        } else if (ended_ == FailureKind::none && stop_requested()) {
            ended_ = call_.stop->reason();
        }
        sleeping_ = sleeping_ && ended_ == FailureKind::none;
    }

    /// A success that was reached in spite of a cancel stands; a failure becomes `canceled`.
    void ended_attempt(bool canceled) noexcept {
        if (ending_.failed && canceled) {
            ending_.final = true;
            if (ending_.failure.kind != FailureKind::canceled) {
                ending_.failure.kind = FailureKind::canceled;
                ending_.made_here = ending_.replaced = true;
            }
        }
        if constexpr (!branches) {
            if (call_.observed(EventType::attempt_ended)) [[unlikely]] {
                tell_attempt_ended(call_, ending_);
            }
        }
    }

    /// Asks the stages whether an attempt may begin; `done` when it may not, and `ending_` says why.
    Step ask() noexcept {
        if (ended_ == FailureKind::none && stop_requested()) {
            ended_ = call_.stop->reason();
        }
        if (ended_ != FailureKind::none) {
            cut_short();
            return Step::done;
        }
        const Admission admission = stages_.admit(policies_, call_);
        switch (admission.answer) {
        case Admission::Answer::wait:
            until_ = admission.until;
            queueing_ = true;
            return Step::wait;
        case Admission::Answer::reject:
            ending_.refuse(admission.failure);
            ending_.failure.reach = Reach::refused_here;
            if (call_.observed(EventType::refused)) [[unlikely]] {
                tell_refused(call_, ending_);
            }
            return Step::done;
        case Admission::Answer::proceed:
            break;
        }
        if (call_.now >= call_.deadline.at) {
            ended_ = call_.deadline.kind;
            cut_short();
            return Step::done;
        }
        if constexpr (!branches) {
            call_.attempt = ++*attempts_;
            call_.attempt_began = call_.now;
            if (call_.observed(EventType::attempt_started)) [[unlikely]] {
                tell_attempt_started(call_);
            }
        }
        return Step::attempt;
    }

    /// Settles the stages; true when one wants a repeat.
    bool settle() noexcept {
        stages_.settle(policies_, call_, ending_);
        if (!ending_.again) {
            return false;
        }
        if (!ending_.made_here || ending_.replaced) {
            ending_.has_previous = true;
            ending_.previous_replaced = ending_.replaced;
            ending_.previous = ending_.failure;
        }
        ending_.made_here = ending_.replaced = false;
        ended_ = FailureKind::none;
        until_ = ending_.at;
        sleeping_ = until_ > call_.now;
        return true;
    }

    /// Ends the next attempt before it begins.
    void cut_short() noexcept {
        Failure failure{.kind = ended_, .reach = Reach::never_sent};
        if (ended_ == FailureKind::client_closed) {
            failure.reach = Reach::refused_here;
            failure.refused_by = RefusedBy::client;
        }
        call_.attempt_began =
            call_.now; // it ran for no time: a breaker must not count what the last one took
        ending_.refuse(failure);
        ending_.timed_out = ended_ == call_.deadline.kind && call_.now >= call_.deadline.at;
        ending_.final = ended_ != FailureKind::attempt_timeout;
    }

    [[nodiscard]] bool stop_requested() const noexcept {
        return call_.stop != nullptr && call_.stop->requested();
    }

    /// Says what a wait that did not lead on means; `none` when the stage is to be asked again.
    [[nodiscard]] FailureKind cut_by(Woken woken) const noexcept {
        switch (woken) {
        case Woken::time:
            return call_.now >= call_.deadline.at ? call_.deadline.kind : FailureKind::none;
        case Woken::turn:
            return FailureKind::none;
        case Woken::stopped:
            return call_.stop->reason();
        case Woken::canceled:
            return FailureKind::canceled;
        case Woken::failed:
            break;
        }
        return FailureKind::out_of_memory;
    }

    std::tuple<P...>& policies_;
    CallContext& call_;
    int* attempts_;
    Stages<First, last, P...> stages_;
    Settlement ending_;
    TimePoint until_{};
    FailureKind ended_ = FailureKind::none; ///< what keeps the next attempt from beginning
    bool sleeping_ = false;                 ///< before a repeat
    bool queueing_ = false;                 ///< because a stage said so
    bool attempted_ = false;                ///< an outcome is to be settled
};

} // namespace backstay::inline BACKSTAY_ABI::detail
