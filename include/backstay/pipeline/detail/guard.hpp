#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/pipeline/detail/outcome.hpp>
#include <backstay/pipeline/detail/parking.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// An operation that heeds neither `call.deadline` nor `call.stop`, but can be cancelled: it says so with
/// `static constexpr bool needs_guard = true`.
template <class Op>
concept NeedsGuard = requires { requires std::remove_cvref_t<Op>::needs_guard; };

template <class R>
struct GuardedChild {
    asio::cancellation_signal cancel;
    std::optional<R> result;
    bool done = false;
};

template <class R, class Op>
asio::awaitable<void> run_child(Op& op, CallContext& call, GuardedChild<R>& child) {
    try {
        child.result.emplace(co_await op(call));
    } catch (...) {
        child.result.emplace(Outcome<R>::make(failure_of_exception()));
    }
}

/// Says why a child is to be cancelled; `none` when it has ended.
[[nodiscard]] inline FailureKind cut_of_child(Woken woken, const CallContext& call) noexcept {
    switch (woken) {
    case Woken::turn:
        return FailureKind::none;
    case Woken::time:
        return call.deadline.kind;
    case Woken::stopped:
        return call.stop->reason();
    case Woken::failed:
        return FailureKind::out_of_memory;
    case Woken::canceled:
        break;
    }
    return FailureKind::canceled;
}

/// Runs the operation as a child with its own cancellation, and cancels it at the deadline, at a stop and at
/// the caller's cancel. The child is always awaited: one that is deaf to cancellation too cannot be ended,
/// and is never abandoned. A success that was reached in spite of the cut stands.
template <class R, class Op>
asio::awaitable<R> guarded(Runtime& runtime, Op& op, CallContext& call) {
    const auto executor = co_await asio::this_coro::executor;
    const auto parking = Parking::make(runtime, executor);
    // made before there is a child, so that waiting for it needs no memory: its state is in this frame
    auto wait = parking->wait(call.deadline.at, call.stop);
    auto wait_for_turn = parking->wait_for_turn();
    GuardedChild<R> child;
    asio::co_spawn(executor, run_child<R>(op, call, child),
                   asio::bind_cancellation_slot(child.cancel.slot(), [&child, parking](std::exception_ptr) {
                       child.done = true;
                       parking->wake_here();
                   }));
    const Woken woken = co_await std::move(wait);
    const FailureKind cut = cut_of_child(woken, call);
    if (cut != FailureKind::none) {
        child.cancel.emit(asio::cancellation_type::terminal);
    }
    if (!child.done) {
        co_await std::move(wait_for_turn);
    }
    if (cut != FailureKind::none && (!child.result || !*child.result)) {
        co_return Outcome<R>::make({.kind = cut, .reach = Reach::maybe_processed});
    }
    co_return std::move(*child.result);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
