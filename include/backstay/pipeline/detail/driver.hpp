#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/random.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/pipeline/detail/course.hpp>
#include <backstay/pipeline/detail/guard.hpp>
#include <backstay/pipeline/detail/outcome.hpp>
#include <backstay/pipeline/detail/parking.hpp>

#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Makes a place to wait; null when there is no memory for one.
[[nodiscard]] inline std::shared_ptr<Parking> park_at(Runtime& runtime,
                                                      const asio::any_io_executor& executor) noexcept {
    try {
        return Parking::make(runtime, executor);
    } catch (...) {
        return nullptr;
    }
}

[[nodiscard]] inline bool is_canceled(const asio::cancellation_state& state) noexcept {
    return state.cancelled() != asio::cancellation_type::none;
}

/// Tells the course how an attempt went.
template <class R, std::size_t First, class... P>
void report(Course<First, P...>& course, const std::optional<R>& result, TimePoint now) noexcept {
    Failure failure;
    course.attempted(Outcome<R>::failed(*result, failure) ? &failure : nullptr, now);
}

/// Tells the course how the branches of a hedge went. When none came to an attempt, what an earlier round
/// came to is still the last result.
template <class R, std::size_t First, class... P>
void report_branches(Course<First, P...>& course, std::optional<R>& result, R outcome, bool attempted,
                     TimePoint now) noexcept {
    Failure failure;
    if (!attempted && Outcome<R>::failed(outcome, failure)) {
        return course.never_began(failure, now);
    }
    result.emplace(std::move(outcome));
    report(course, result, now);
}

/// Puts what an exception means in the place of a result; call it in a catch block.
template <class R>
void take_exception(std::optional<R>& result) noexcept {
    result.emplace(Outcome<R>::make(failure_of_exception()));
}

/// Waits as the course says. A coroutine of its own: most calls never wait, and need not have room for it.
template <std::size_t First, class... P>
asio::awaitable<Woken> wait_for(Course<First, P...>& course, Runtime& runtime,
                                std::shared_ptr<Parking>& parking, StopSignal* stop) {
    if (!parking) {
        const auto executor = co_await asio::this_coro::executor;
        parking = park_at(runtime, executor);
    }
    if (!parking) {
        co_return Woken::failed;
    }
    if (!course.park(*parking)) {
        co_return Woken::turn;
    }
    co_return co_await parking->wait(course.until(), stop);
}

/// Writes what the stages settled on into the operation's last result, if there was one.
template <class R>
void conclude(std::optional<R>& result, Settlement& ending) noexcept {
    const bool stands = ending.made_here && !ending.replaced && ending.has_previous;
    if (stands && (ending.timed_out || ending.failure.kind == FailureKind::client_closed)) {
        ending.stop_reason = ending.timed_out ? StopReason::deadline : StopReason::refused;
        ending.keep_previous(); // no attempt had begun since: the last answer stands
    } else if (stands && ending.failure.reach == Reach::never_sent) {
        ending.failure.reach = ending.previous.reach; // this attempt never left, an earlier one may have
    }
    if (ending.made_here || ending.replaced) {
        if (ending.stop_reason != StopReason::none) {
            ending.failure.stop_reason = ending.stop_reason;
        }
        result.emplace(Outcome<R>::make(ending.failure));
    } else if (ending.stop_reason != StopReason::none) {
        const bool refused_here = ending.refused_by != RefusedBy::none;
        Outcome<R>::annotate(*result, ending.stop_reason,
                             refused_here ? ending.refused_by : ending.failure.refused_by);
    }
}

/// Reports what a call came to; where its caller does, leaves it the record.
template <class R>
void report_end(const CallContext& call, bool tells_end, const R& result) noexcept {
    if (call.observed(EventType::call_ended)) [[unlikely]] {
        Failure failure;
        tell_call_ended(call, Outcome<R>::failed(result, failure) ? &failure : nullptr, !tells_end);
    }
}

[[nodiscard]] inline CallContext context_of(const CallSettings& settings) noexcept {
    return {.deadline = settings.deadline,
            .stop = settings.stop,
            .observer = settings.observer,
            .notes = settings.notes,
            .credentials = settings.credentials,
            .safe_to_repeat = settings.safe_to_repeat,
            .priority = settings.priority,
            .key = settings.key,
            .overrides = settings.overrides};
}

// What a frame of the driver is told when it begins: where its context is, and whose attempts it counts. A
// coroutine's parameters are copied; `make` builds in the frame what need not be, `context` says which it is.
struct Nothing {};

/// A whole call whose settings may be gone when it begins.
struct Root {
    static constexpr bool whole_call = true;
    CallContext begun;
    bool tells = true;

    /// Whether it is the driver that reports `call_ended`.
    [[nodiscard]] bool tells_end() const noexcept { return tells; }
    [[nodiscard]] Nothing make() const noexcept { return {}; }
    [[nodiscard]] CallContext& context(Nothing /*made*/) noexcept { return begun; }
    [[nodiscard]] int& attempts(CallContext& call) const noexcept { return call.attempt; }
};

/// A whole call whose settings outlive it: its context is not copied, which would cost 20 ns.
struct RootOf {
    static constexpr bool whole_call = true;
    const CallSettings& settings;

    [[nodiscard]] bool tells_end() const noexcept { return settings.tell_end; }
    [[nodiscard]] CallContext make() const noexcept { return context_of(settings); }
    [[nodiscard]] CallContext& context(CallContext& made) const noexcept { return made; }
    [[nodiscard]] int& attempts(CallContext& call) const noexcept { return call.attempt; }
};

/// One branch of a hedge: the context is its own, or the call's; the count of attempts is the call's.
struct BranchOf {
    static constexpr bool whole_call = false;
    CallContext& begun;
    int& counter;

    [[nodiscard]] Nothing make() const noexcept { return {}; }
    [[nodiscard]] CallContext& context(Nothing /*made*/) const noexcept { return begun; }
    [[nodiscard]] int& attempts(CallContext& /*call*/) const noexcept { return counter; }
};

template <std::size_t First, class R, class Op, class HedgeCall, class... P>
asio::awaitable<R> fan_out(const std::shared_ptr<std::tuple<P...>>& policies, Runtime& runtime,
                           CallContext& call, HedgeCall& mine, Op& op);

/// Runs one call, or from stage `First` on one branch of it. `Course` decides, this coroutine waits and
/// calls; it is the only one between a caller and the operation. Whatever ends the call, the stages get back
/// what they gave: by `settle`, or, when the frame is destroyed in mid-flight, by the destructors of their
/// `Call`s. Cost: Asio 1.22 recycles frames of up to 1020 bytes, and GCC 12 keeps every local and temporary
/// in them; that of `standard` has 1016. Beyond it a call pays two allocations, which `bench_pipeline` shows.
template <std::size_t First, class R, class Frame, class Op, class... P>
asio::awaitable<R> drive(std::shared_ptr<std::tuple<P...>> policies, Runtime& runtime, Frame frame, Op op) {
    using Stretch = Course<First, P...>;
    // after a cancel the next co_await would throw: but the outcome is a value, and stages must be settled
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);

    auto made = frame.make();
    CallContext& call = frame.context(made);
    Random random{Frame::whole_call ? runtime.seed() : 0};
    if constexpr (Frame::whole_call) {
        call.random = &random;
        call.now = call.began = runtime.now();
    }
    std::optional<R> result; // of the last attempt
    Stretch course{*policies, call, frame.attempts(call)};
    std::shared_ptr<Parking> parking;
    for (;;) {
        const Step step = course.next(is_canceled(co_await asio::this_coro::cancellation_state));
        if (step == Step::done) {
            break;
        }
        if (step == Step::wait) {
            auto woken = Woken::failed;
            try {
                woken = co_await wait_for(course, runtime, parking, call.stop);
            } catch (
                ...) { // NOLINT(bugprone-empty-catch): no memory for its frame, which `woken` says already
            }
            course.waited(woken, runtime);
            continue;
        }
        try {
            if constexpr (Stretch::branches) {
                const int before = frame.attempts(call);
                R outcome = co_await fan_out<Stretch::last, R>(policies, runtime, call,
                                                               course.stages().innermost(), op);
                report_branches(course, result, std::move(outcome), frame.attempts(call) != before,
                                runtime.now());
                continue;
            } else if constexpr (NeedsGuard<Op>) {
                result.emplace(co_await guarded<R>(runtime, op, call));
            } else {
                result.emplace(co_await op(call));
            }
        } catch (...) {
            take_exception(result);
        }
        report(course, result, runtime.now());
    }
    conclude(result, course.ending());
    if constexpr (Frame::whole_call) {
        report_end(call, frame.tells_end(), *result);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return std::move(*result);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
