#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/injection.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/pipeline/detail/guard.hpp>
#include <backstay/pipeline/detail/outcome.hpp>

#include <asio/awaitable.hpp>

#include <type_traits>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Holds an attempt up, and heeds deadline, stop and cancellation as an operation does; `none` when it may go
/// on.
[[nodiscard]] BACKSTAY_EXPORT asio::awaitable<FailureKind> hold_up(Runtime& runtime, CallContext& call,
                                                                   Duration latency);

/// Plays an injection, and the operation after it.
template <class R, class Op>
asio::awaitable<R> play(Injection injection, Runtime& runtime, Op& op, CallContext& call) {
    if (injection.latency > Duration::zero()) {
        const FailureKind cut = co_await hold_up(runtime, call, injection.latency);
        if (cut != FailureKind::none) {
            const Failure failure{.kind = cut, .reach = Reach::maybe_processed};
            co_return Outcome<R>::make(failure);
        }
    }
    if (injection.ends()) {
        co_return Outcome<R>::make(injection.failure);
    }
    co_return co_await op(call);
}

/// The operation of a pipeline that may inject something. To the driver, and to a hedge, what is injected is
/// the operation's own doing.
template <class Op>
struct InjectedOp {
    using R = typename std::invoke_result_t<Op&, CallContext&>::value_type;
    static constexpr bool needs_guard = NeedsGuard<Op>;

    Op op;
    Runtime* runtime;

    asio::awaitable<R> operator()(CallContext& call) {
        return call.injection == nullptr ? op(call) : play<R>(*call.injection, *runtime, op, call);
    }
};

} // namespace backstay::inline BACKSTAY_ABI::detail
