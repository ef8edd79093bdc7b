#include <backstay/pipeline/sleep.hpp>

#include <backstay/core/stop_signal.hpp>
#include <backstay/pipeline/detail/parking.hpp>

#include <asio/this_coro.hpp>

#include <algorithm>
#include <memory>
#include <new>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// `call` is null outside an operation.
asio::awaitable<bool> sleep(Runtime& runtime, Duration time, const CallContext* call) {
    const auto executor = co_await asio::this_coro::executor;
    const auto parking = detail::Parking::make(runtime, executor);
    const TimePoint until = saturating_add(runtime.now(), time);
    const TimePoint deadline = call != nullptr ? call->deadline.at : end_of_time;
    const detail::Woken woken =
        co_await parking->wait(std::min(until, deadline), call != nullptr ? call->stop : nullptr);
    if (woken == detail::Woken::failed) {
        throw std::bad_alloc();
    }
    co_return woken == detail::Woken::time&& until <= deadline;
}

} // namespace

asio::awaitable<bool> sleep_for(Runtime& runtime, Duration time) {
    return sleep(runtime, time, nullptr);
}

asio::awaitable<bool> sleep_for(Runtime& runtime, Duration time, const CallContext& call) {
    return sleep(runtime, time, &call);
}

} // namespace backstay::inline BACKSTAY_ABI
