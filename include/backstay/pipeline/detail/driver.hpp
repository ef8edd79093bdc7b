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

#include <memory>
#include <optional>
#include <tuple>
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
template <class R, class... P>
void report(Course<P...>& course, const std::optional<R>& result, TimePoint now) noexcept {
    Failure failure;
    course.attempted(Outcome<R>::failed(*result, failure) ? &failure : nullptr, now);
}

/// Puts what an exception means in the place of a result; call it in a catch block.
template <class R>
void take_exception(std::optional<R>& result) noexcept {
    result.emplace(Outcome<R>::make(failure_of_exception()));
}

/// Waits as the course says. A coroutine of its own: most calls never wait, and need not have room for it.
template <class... P>
asio::awaitable<Woken> wait_for(Course<P...>& course, Runtime& runtime, std::shared_ptr<Parking>& parking,
                                StopSignal* stop) {
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

/// Runs one call. `Course` decides, this coroutine waits and calls; it is the only one between a caller and
/// the operation. Whatever ends the call, the stages get back what they gave: by `settle`, or, when the frame
/// is destroyed in mid-flight, by the destructors of their `Call`s. Cost: Asio 1.22 recycles frames of up to
/// 1020 bytes, and GCC 12 keeps every local and temporary in them.
template <class R, class Op, class... P>
asio::awaitable<R> drive(std::shared_ptr<std::tuple<P...>> policies, Runtime& runtime, CallContext call,
                         bool tells_end, Op op) {
    // after a cancel the next co_await would throw: but the outcome is a value, and stages must be settled
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);

    Random random{runtime.seed()};
    call.random = &random;
    call.now = call.began = runtime.now();
    std::optional<R> result; // of the last attempt
    Course<P...> course{*policies, call};
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
            if constexpr (NeedsGuard<Op>) {
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
    if (call.observed(EventType::call_ended)) [[unlikely]] {
        Failure failure;
        tell_call_ended(call, Outcome<R>::failed(*result, failure) ? &failure : nullptr, !tells_end);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return std::move(*result);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
