#include <backstay/pipeline/detail/injected_op.hpp>

#include <backstay/pipeline/detail/parking.hpp>

#include <asio/this_coro.hpp>

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI::detail {

asio::awaitable<FailureKind> hold_up(Runtime& runtime, CallContext& call, Duration latency) {
    const auto executor = co_await asio::this_coro::executor;
    const auto parking = Parking::make(runtime, executor);
    const TimePoint until = std::min(saturating_add(runtime.now(), latency), call.deadline.at);
    const Woken woken = co_await parking->wait(until, call.stop);
    call.now = runtime.now();
    switch (woken) {
    case Woken::time:
        co_return call.now >= call.deadline.at ? call.deadline.kind : FailureKind::none;
    case Woken::stopped:
        co_return call.stop->reason();
    case Woken::canceled:
        co_return FailureKind::canceled;
    case Woken::failed:
        co_return FailureKind::out_of_memory;
    case Woken::turn: // nobody has a waker to it
        break;
    }
    co_return FailureKind::none;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
