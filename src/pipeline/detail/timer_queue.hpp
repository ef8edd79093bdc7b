#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/pipeline/detail/timer_heap.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <mutex>
#include <optional>

namespace backstay::inline BACKSTAY_ABI::detail {

/// The timers of one execution context, over a single one of the system's. Most timers are disarmed long
/// before they are due, and deadlines mostly grow: so arming and disarming touch a heap, and the system's
/// timer is set again only for a time that is earlier than what it is set for. When it finds nothing due it
/// is set for the next. An armed timer keeps its context running; an empty queue does not. Thread safety: any
/// thread; each timer by its own executor. Nothing is called under the lock.
class TimerQueue : public std::enable_shared_from_this<TimerQueue> {
public:
    /// The queue of a context, made at the first question. Throws `std::bad_alloc`.
    [[nodiscard]] static std::shared_ptr<TimerQueue> of(asio::execution_context& context);

    /// Throws `std::bad_alloc`, then the timer is not armed. In a context that has ended it never is.
    void arm(Timer& timer, TimePoint until);
    void disarm(Timer& timer) noexcept;

    /// The context ends: gives up the system's timer. Timers that are armed never fire.
    void close() noexcept;

private:
    struct Due {
        asio::any_io_executor executor{};
        std::shared_ptr<Timer*> timer{};
    };

    void disarm_locked(Timer& timer) noexcept;
    void set_system(TimePoint until);
    void look_whether_empty() noexcept;
    void system_expired() noexcept;
    /// Takes the earliest timer that is due; when none is, sets the system's for the next.
    [[nodiscard]] bool take_due(TimePoint now, Due& due);
    /// Memory ran out: what is due stays armed.
    void try_later(TimePoint at, const Due& untold) noexcept;

    std::mutex mutex_; // of what follows
    TimerHeap heap_;
    std::optional<asio::steady_timer> system_;
    bool shared_ = false;             ///< the system's timer runs below all strands, and serves whoever comes
    TimePoint set_for_ = end_of_time; ///< the system's timer; end of time: it is not set
    bool looking_ = false;            ///< whether the queue stayed empty: a look is on its way
    bool closed_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
