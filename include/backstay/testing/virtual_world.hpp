#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/pipeline/virtual_runtime.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

namespace backstay::inline BACKSTAY_ABI {

/// A call that was started in a `VirtualWorld`, and how it ended.
/// `cancel.emit(asio::cancellation_type::terminal)` cancels it. Lifetime: outlives the world's context, or
/// the call's end.
template <class T>
struct RunningCall {
    std::optional<T> outcome;
    std::exception_ptr thrown;
    asio::cancellation_signal cancel;

    [[nodiscard]] bool ended() const noexcept { return outcome.has_value() || thrown != nullptr; }
};

/// Virtual time and a context to run calls in, for tests: hours of waits pass in microseconds, and the same
/// seed gives the same jitter. Give `runtime` to what takes a `Runtime*`. Thread safety: none; one thread.
struct VirtualWorld {
    explicit VirtualWorld(std::uint64_t seed = 1) : runtime(seed) {}

    VirtualRuntime runtime;
    asio::io_context context;

    [[nodiscard]] TimePoint now() noexcept { return runtime.now(); }

    /// Runs until nothing is left to run and no timer is armed.
    void run() { runtime.run(context); }
    /// Runs for so much virtual time.
    void run_for(Duration time) { runtime.run_until(context, runtime.now() + time); }

    /// Starts a call; it begins when the world runs.
    template <class T>
    std::shared_ptr<RunningCall<T>> start(asio::awaitable<T> made) {
        auto call = std::make_shared<RunningCall<T>>();
        spawn(call, std::move(made));
        return call;
    }

    /// The same into a place of the caller's, which outlives the context or the call's end.
    template <class T>
    void start(RunningCall<T>& call, asio::awaitable<T> made) {
        spawn(&call, std::move(made));
    }

    /// The same of a coroutine without an outcome.
    std::shared_ptr<RunningCall<std::monostate>> start(asio::awaitable<void> made) {
        return start(with_outcome(std::move(made)));
    }

    /// Runs one call to its end. Throws what it threw, and `std::logic_error` when it waits for what never
    /// comes: an Asio timer, for one, runs in real time. Use `sleep_for`.
    template <class T>
    T run(asio::awaitable<T> made) {
        const auto call = start(std::move(made));
        run();
        if (call->thrown) {
            std::rethrow_exception(call->thrown);
        }
        if (!call->outcome) {
            throw std::logic_error("the call has not ended, and nothing is left that could wake it: no timer "
                                   "is armed on the runtime, and an Asio timer does not move virtual time "
                                   "(use backstay::sleep_for)");
        }
        return std::move(*call->outcome);
    }
    void run(asio::awaitable<void> made) { (void)run(with_outcome(std::move(made))); }

private:
    static asio::awaitable<std::monostate> with_outcome(asio::awaitable<void> made) {
        co_await std::move(made);
        co_return std::monostate{};
    }

    template <class Place, class T>
    void spawn(Place call, asio::awaitable<T> made) {
        auto ended = [call](std::exception_ptr error, T result) {
            call->thrown = error;
            if (!error) {
                call->outcome.emplace(std::move(result));
            }
        };
        asio::co_spawn(context, std::move(made),
                       asio::bind_cancellation_slot(call->cancel.slot(), std::move(ended)));
    }
};

} // namespace backstay::inline BACKSTAY_ABI
