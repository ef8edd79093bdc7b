#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/stage.hpp>
#include <backstay/core/time.hpp>
#include <backstay/core/waker.hpp>

#include <concepts>
#include <cstdint>

namespace backstay::inline BACKSTAY_ABI {

/// A stage's answer to "may this call go on?".
struct Admission {
    enum class Answer : std::uint8_t {
        proceed,
        wait,   ///< ask me again at `until`, or when my `Waker` is called, whichever comes first
        reject, ///< with `failure`; its reach becomes `refused_here`
    };

    Answer answer = Answer::proceed;
    TimePoint until = end_of_time;
    Failure failure{};

    [[nodiscard]] static constexpr Admission proceed() noexcept { return {}; }
    [[nodiscard]] static constexpr Admission wait(TimePoint until = end_of_time) noexcept {
        return {.answer = Answer::wait, .until = until, .failure = {}};
    }
    [[nodiscard]] static constexpr Admission reject(const Failure& failure) noexcept {
        return {.answer = Answer::reject, .until = end_of_time, .failure = failure};
    }
};

/// A stage's answer to "this is how it went".
struct Verdict {
    enum class Answer : std::uint8_t {
        pass,          ///< hand the outcome outwards as it is
        again_at,      ///< repeat from the next inner stage on, at `at`
        again_here,    ///< the same, but ask this stage too: its `admit` may let the repeat wait
        replace,       ///< hand `failure` outwards instead of the outcome
        keep_previous, ///< hand out the last outcome that was not refused here
    };

    Answer answer = Answer::pass;
    StopReason stop_reason = StopReason::none; ///< why it is not repeated; written into the final failure
    TimePoint at{};
    Failure failure{};

    [[nodiscard]] static constexpr Verdict pass(StopReason why = StopReason::none) noexcept {
        return {.answer = Answer::pass, .stop_reason = why, .at = {}, .failure = {}};
    }
    [[nodiscard]] static constexpr Verdict again_at(TimePoint at) noexcept {
        return {.answer = Answer::again_at, .stop_reason = StopReason::none, .at = at, .failure = {}};
    }
    [[nodiscard]] static constexpr Verdict again_here(TimePoint at) noexcept {
        return {.answer = Answer::again_here, .stop_reason = StopReason::none, .at = at, .failure = {}};
    }
    [[nodiscard]] static constexpr Verdict replace(const Failure& failure) noexcept {
        return {.answer = Answer::replace, .stop_reason = StopReason::none, .at = {}, .failure = failure};
    }
    [[nodiscard]] static constexpr Verdict keep_previous(StopReason why) noexcept {
        return {.answer = Answer::keep_previous, .stop_reason = why, .at = {}, .failure = {}};
    }
};

/// A decision that a pipeline asks. The object is a cheap, thread-safe handle to options and to what all
/// calls share; `Call` is what it remembers about one call, made before the first `admit` and not moved.
///
/// * `admit` is asked outermost stage first, again after every wait, and again for every repeat.
/// * `settle` is asked innermost first, exactly once for every `proceed`; nullptr means success.
/// * `~Call` gives back whatever is still held; without a `settle` before it, nothing is counted.
template <class P>
concept Policy = std::copy_constructible<P> &&
                 requires(P& policy, typename P::Call& mine, CallContext& call, const Failure* failure) {
                     { P::stage } -> std::convertible_to<Stage>;
                     { policy.admit(mine, call) } noexcept -> std::same_as<Admission>;
                     { policy.settle(mine, call, failure) } noexcept -> std::same_as<Verdict>;
                     requires std::default_initializable<typename P::Call>;
                 };

/// A policy in which calls wait for each other. After `admit` answered `wait`, `enqueue` leaves a waker;
/// false means that the place came free meanwhile and `admit` is to be asked again at once.
template <class P>
concept QueueingPolicy = Policy<P> && requires(P& policy, typename P::Call& mine, Waker waker) {
    { policy.enqueue(mine, static_cast<Waker&&>(waker)) } noexcept -> std::same_as<bool>;
};

/// A hedging stage's answer to "shall another attempt run beside those that run?".
struct Branch {
    enum class Answer : std::uint8_t {
        start_at, ///< at `at`: the driver asks again then; not later than now means: start it
        no_more,  ///< wait for those that run
        final,    ///< the branch that ended last decides: end the others
    };

    Answer answer = Answer::no_more;
    TimePoint at{};

    [[nodiscard]] static constexpr Branch start_at(TimePoint at) noexcept {
        return {.answer = Answer::start_at, .at = at};
    }
    [[nodiscard]] static constexpr Branch no_more() noexcept { return {}; }
    [[nodiscard]] static constexpr Branch final() noexcept { return {.answer = Answer::final, .at = {}}; }
};

/// How one branch of a call ended.
struct BranchEnd {
    int index = 0;                    ///< 0: the first
    TimePoint attempt_began{};        ///< queueing excluded; the epoch when no attempt began
    const Failure* failure = nullptr; ///< null: a success, which wins
};

/// A policy that may run the stages inside it, and the operation, several times at once: a hedge. The first
/// success wins and the others are stopped. All fail: the first branch's failure, unless `next_branch` called
/// another final.
///
/// * `next_branch` is asked when a branch's attempt begins (of the first branch once only), at the time
///   that it named, and after each failure. `begun` counts the branches so far, those included that still
///   wait inside.
/// * `branch_ended` is told of each end, before that question.
template <class P>
concept BranchingPolicy = Policy<P> && requires(P& policy, typename P::Call& mine, CallContext& call,
                                                int begun, const BranchEnd& end) {
    { policy.next_branch(mine, call, begun) } noexcept -> std::same_as<Branch>;
    { policy.branch_ended(mine, call, end) } noexcept -> std::same_as<void>;
};

} // namespace backstay::inline BACKSTAY_ABI
