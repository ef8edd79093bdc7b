#include <backstay/pipeline/asio_runtime.hpp>

#include <backstay/core/random.hpp>

#include "pipeline/detail/entropy.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <exception>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// The operating system's side of one timer. Its handler may outlive the timer in the executor's queue, so it
/// holds a ticket: armed anew or disarmed, an older handler finds that its ticket is void.
struct SystemTimer final : Timer::State {
    struct Ticket {
        Timer* timer;
    };

    explicit SystemTimer(const asio::any_io_executor& executor) : timer(executor) {}
    SystemTimer(const SystemTimer&) = delete;
    SystemTimer& operator=(const SystemTimer&) = delete;
    ~SystemTimer() override { withdraw(); }

    void withdraw() noexcept {
        if (ticket) {
            ticket->timer = nullptr;
            ticket.reset();
        }
    }

    asio::steady_timer timer;
    std::shared_ptr<Ticket> ticket;
};

} // namespace

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
    if (!timer.state) {
        timer.state =
            std::make_unique<SystemTimer>(*static_cast<const asio::any_io_executor*>(timer.executor()));
    }
    auto& system = static_cast<SystemTimer&>(*timer.state);
    system.withdraw();
    auto ticket = std::make_shared<SystemTimer::Ticket>(SystemTimer::Ticket{&timer});
    system.timer.expires_at(until);
    system.timer.async_wait([ticket](const std::error_code&) {
        if (Timer* const due = ticket->timer; due != nullptr) {
            static_cast<SystemTimer&>(*due->state).withdraw();
            due->expired();
        }
    });
    system.ticket = std::move(ticket);
}

void AsioRuntime::disarm(Timer& timer) noexcept {
    if (!timer.state) {
        return;
    }
    auto& system = static_cast<SystemTimer&>(*timer.state);
    if (system.ticket) {
        system.withdraw();
        try {
            system.timer.cancel();
        } catch (const std::exception&) { // the void ticket is enough: a late handler does nothing
        }
    }
}

Runtime& asio_runtime() noexcept {
    // never destroyed: a context that is global outlives every other static
    static AsioRuntime& runtime = *new AsioRuntime;
    return runtime;
}

} // namespace backstay::inline BACKSTAY_ABI
