#include "api/shutdown.hpp"

#include <backstay/pipeline/detail/parking.hpp>

#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <chrono>
#include <exception>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

/// Stopped calls end at once, if their executors run; one that does not run must not hold a shutdown up.
constexpr Duration time_to_leave = std::chrono::seconds{1};

/// Waits until no call runs, the time has come, or the caller is cancelled.
asio::awaitable<void> wait_until_empty(const ClientCore& core, Parking& parking, TimePoint until) {
    core.calls->when_empty(parking.waker());
    while (core.calls->active() > 0 && core.options.runtime->now() < until) {
        // named, because GCC 12 resumes `if (co_await ...)` in this loop at a wrong place
        const Woken woken = co_await parking.wait(until);
        if (woken == Woken::canceled) {
            break;
        }
    }
}

/// Ends the calls. Returns how many had to be stopped.
asio::awaitable<std::size_t> end_calls(const ClientCore& core, Duration grace) {
    core.calls->close();
    if (core.calls->active() == 0) {
        co_return 0;
    }
    auto& runtime = *core.options.runtime;
    const auto executor = co_await asio::this_coro::executor;
    const auto parking = Parking::make(runtime, executor);
    co_await wait_until_empty(core, *parking, saturating_add(runtime.now(), grace));
    const std::size_t stopped = core.calls->cut();
    co_await wait_until_empty(core, *parking, saturating_add(runtime.now(), time_to_leave));
    co_return stopped;
}

} // namespace

asio::awaitable<std::size_t> shut_down(std::shared_ptr<const ClientCore> core, Duration grace) {
    // a cancelled shutdown still has to stop its calls: see the driver
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    std::size_t stopped = 0;
    std::exception_ptr fault;
    try {
        stopped = co_await end_calls(*core, grace);
    } catch (...) { // no memory: what is left of the calls ends with their transport
        fault = std::current_exception();
    }
    core->options.transport->close();
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (fault) {
        std::rethrow_exception(fault);
    }
    co_return stopped;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
