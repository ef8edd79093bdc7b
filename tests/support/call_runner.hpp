#pragma once

#include <backstay/core/expected.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/pipeline/detail/parking.hpp>
#include <backstay/pipeline/virtual_runtime.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/this_coro.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

namespace backstay::test {

/// Virtual time and a context, and calls started on them.
struct World {
    explicit World(std::uint64_t seed = 1) : runtime(seed) {}

    VirtualRuntime runtime;
    asio::io_context context;

    TimePoint now() { return runtime.now(); }
    void run() { runtime.run(context); }
    void run_for(Duration time) { runtime.run_until(context, runtime.now() + time); }
};

/// A call that runs, and how it ended.
template <class R>
struct Started {
    std::optional<R> outcome;
    std::exception_ptr thrown;
    asio::cancellation_signal cancel;

    [[nodiscard]] bool ended() const { return outcome.has_value() || thrown != nullptr; }
};

template <class R>
void start(World& world, Started<R>& started, asio::awaitable<R> call) {
    asio::co_spawn(
        world.context, std::move(call),
        asio::bind_cancellation_slot(started.cancel.slot(), [&started](std::exception_ptr error, R result) {
            started.thrown = error;
            if (!error) {
                started.outcome.emplace(std::move(result));
            }
        }));
}

/// Runs one call to its end.
template <class R>
R run(World& world, asio::awaitable<R> call) {
    Started<R> started;
    start(world, started, std::move(call));
    world.run();
    if (started.thrown) {
        std::rethrow_exception(started.thrown);
    }
    return std::move(started.outcome.value());
}

/// Waits in virtual time; heeds the context's deadline, stop and cancellation as a good operation does.
inline asio::awaitable<detail::Woken> nap(Runtime& runtime, Duration time, StopSignal* stop = nullptr) {
    const auto executor = co_await asio::this_coro::executor;
    const auto parking = detail::Parking::make(runtime, executor);
    co_return co_await parking->wait(runtime.now() + time, stop);
}

} // namespace backstay::test
