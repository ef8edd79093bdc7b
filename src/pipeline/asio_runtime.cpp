#include <backstay/pipeline/asio_runtime.hpp>

#include <backstay/core/random.hpp>

#include "pipeline/detail/entropy.hpp"
#include "pipeline/detail/timer_queue.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/execution/context.hpp>
#include <asio/query.hpp>

namespace backstay::inline BACKSTAY_ABI {

TimePoint AsioRuntime::now() noexcept {
    return Clock::now();
}

WallTime AsioRuntime::wall_now() noexcept {
    return std::chrono::system_clock::now();
}

std::uint64_t AsioRuntime::seed() noexcept {
    // a stream for each thread: one shared counter would be a cache line that all calls fight for
    thread_local Random stream{0};
    thread_local std::uint64_t process = 0;
    if (const std::uint64_t present = detail::process_number(); process != present) [[unlikely]] {
        process = present;
        stream = Random{detail::fresh_entropy()};
    }
    return stream.next();
}

void AsioRuntime::arm(Timer& timer, TimePoint until) {
    if (!timer.keeper) {
        const auto& executor = *static_cast<const asio::any_io_executor*>(timer.executor());
        timer.keeper = detail::TimerQueue::of(asio::query(executor, asio::execution::context));
    }
    static_cast<detail::TimerQueue*>(timer.keeper.get())->arm(timer, until);
}

void AsioRuntime::disarm(Timer& timer) noexcept {
    if (timer.keeper) {
        static_cast<detail::TimerQueue*>(timer.keeper.get())->disarm(timer);
    }
}

Runtime& asio_runtime() noexcept {
    // never destroyed: a context that is global outlives every other static
    static AsioRuntime& runtime = *new AsioRuntime;
    return runtime;
}

} // namespace backstay::inline BACKSTAY_ABI
