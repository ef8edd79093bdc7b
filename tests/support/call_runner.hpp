#pragma once

#include <backstay/core/expected.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/pipeline/detail/parking.hpp>
#include <backstay/testing/virtual_world.hpp>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <utility>

namespace backstay::test {

using World = VirtualWorld;
template <class R>
using Started = RunningCall<R>;

template <class R>
void start(World& world, Started<R>& started, asio::awaitable<R> call) {
    world.start(started, std::move(call));
}

/// Runs one call to its end.
template <class R>
R run(World& world, asio::awaitable<R> call) {
    return world.run(std::move(call));
}

/// Waits in virtual time; heeds the context's deadline, stop and cancellation as a good operation does.
inline asio::awaitable<detail::Woken> nap(Runtime& runtime, Duration time, StopSignal* stop = nullptr) {
    const auto executor = co_await asio::this_coro::executor;
    const auto parking = detail::Parking::make(runtime, executor);
    co_return co_await parking->wait(runtime.now() + time, stop);
}

} // namespace backstay::test
