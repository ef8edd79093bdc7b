#pragma once

#include <backstay/core/call_context.hpp>

#include <type_traits>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// An operation that a pipeline ends in its stead: made by `guarded`.
template <class Op>
class Guarded {
public:
    static constexpr bool needs_guard = true;

    explicit Guarded(Op op) : op_(std::move(op)) {}

    auto operator()(CallContext& call) { return op_(call); }

private:
    Op op_;
};

/// Has the pipeline cut an operation short that heeds neither `call.deadline` nor `call.stop`: a timeout over
/// one that is not guarded does nothing. At its deadline, when it is stopped and when the call is cancelled,
/// its coroutine gets Asio's cancellation: what it awaits ends with `operation_aborted`. It is always
/// awaited; one that does not heed that either cannot be ended.
///
///     co_await pipeline.run(guarded([&](CallContext&) -> asio::awaitable<Row> { ... }));
///
/// Cost: a coroutine of its own for each attempt.
template <class Op>
[[nodiscard]] Guarded<std::decay_t<Op>> guarded(Op&& op) {
    return Guarded<std::decay_t<Op>>(std::forward<Op>(op));
}

} // namespace backstay::inline BACKSTAY_ABI
