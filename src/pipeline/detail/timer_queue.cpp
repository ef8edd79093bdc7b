#include "pipeline/detail/timer_queue.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <chrono>
#include <system_error>
#include <typeinfo>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

class TimerService final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id; // NOLINT(readability-identifier-naming): Asio's name

    explicit TimerService(asio::execution_context& context)
        : service(context), queue_(std::make_shared<TimerQueue>()) {}

    [[nodiscard]] const std::shared_ptr<TimerQueue>& queue() const noexcept { return queue_; }

private:
    void shutdown() override { queue_->close(); }

    std::shared_ptr<TimerQueue> queue_;
};

template <class Executor>
const Executor* as(const asio::any_io_executor& executor) noexcept {
    return executor.target_type() == typeid(Executor) ? executor.target<Executor>() : nullptr;
}

/// Finds the executor below strands: a strand that is busy must hold up no other call's deadline. Of a kind
/// of executor that is not known, the call's own has to do: null.
std::optional<asio::any_io_executor> below_strands(const asio::any_io_executor& executor) {
    using Io = asio::io_context::executor_type;
    using Pool = asio::thread_pool::executor_type;
    if (as<Io>(executor) != nullptr || as<Pool>(executor) != nullptr) {
        return executor;
    }
    if (const auto* const strand = as<asio::strand<Io>>(executor)) {
        return strand->get_inner_executor();
    }
    if (const auto* const strand = as<asio::strand<Pool>>(executor)) {
        return strand->get_inner_executor();
    }
    if (const auto* const strand = as<asio::strand<asio::any_io_executor>>(executor)) {
        return below_strands(strand->get_inner_executor());
    }
    return std::nullopt;
}

const asio::any_io_executor& executor_of(const Timer& timer) noexcept {
    return *static_cast<const asio::any_io_executor*>(timer.executor());
}

constexpr Duration after_no_memory = std::chrono::milliseconds{10};

} // namespace

std::shared_ptr<TimerQueue> TimerQueue::of(asio::execution_context& context) {
    return asio::use_service<TimerService>(context).queue();
}

void TimerQueue::arm(Timer& timer, TimePoint until) {
    const std::lock_guard lock(mutex_);
    disarm_locked(timer);
    if (closed_) {
        return;
    }
    heap_.arm(timer, until);
    if (until >= set_for_) {
        return;
    }
    try {
        if (!system_ || !shared_) {
            const auto below = below_strands(executor_of(timer));
            set_for_ = end_of_time;
            system_.emplace(below.value_or(executor_of(timer)));
            shared_ = below.has_value();
        }
        set_system(heap_.earliest());
    } catch (...) {
        heap_.disarm(timer);
        throw;
    }
}

void TimerQueue::disarm(Timer& timer) noexcept {
    const std::lock_guard lock(mutex_);
    disarm_locked(timer);
    if (heap_.empty() && set_for_ != end_of_time && !std::exchange(looking_, true)) {
        look_whether_empty();
    }
}

void TimerQueue::disarm_locked(Timer& timer) noexcept {
    heap_.disarm(timer);
    if (timer.on_call) {
        *timer.on_call = nullptr;
        timer.on_call.reset();
    }
}

void TimerQueue::set_system(TimePoint until) {
    set_for_ = end_of_time;
    system_->expires_at(until);
    system_->async_wait([queue = shared_from_this()](const std::error_code& error) {
        if (!error) {
            queue->system_expired();
        }
    });
    set_for_ = until;
}

/// A call that follows at once finds the timer still set; else the context must be able to end.
void TimerQueue::look_whether_empty() noexcept {
    const auto look = [queue = shared_from_this()] {
        const std::lock_guard lock(queue->mutex_);
        queue->looking_ = false;
        if (queue->heap_.empty() && queue->system_) {
            queue->set_for_ = end_of_time;
            queue->system_->cancel();
        }
    };
    try {
        asio::post(system_->get_executor(), look);
    } catch (...) { // no memory: the context ends when the system's timer has expired
        looking_ = false;
    }
}

void TimerQueue::system_expired() noexcept {
    const TimePoint now = Clock::now();
    for (;;) {
        Due due;
        try {
            if (!take_due(now, due)) {
                return;
            }
            asio::post(due.executor, [timer = due.timer] {
                if (Timer* const waiting = *timer;
                    waiting != nullptr) { // on its own executor, as is `disarm`
                    waiting->on_call.reset();
                    waiting->expired();
                }
            });
        } catch (...) {
            return try_later(now + after_no_memory, due);
        }
    }
}

bool TimerQueue::take_due(TimePoint now, Due& due) {
    const std::lock_guard lock(mutex_);
    set_for_ = end_of_time;
    if (closed_ || heap_.empty()) {
        return false;
    }
    if (heap_.earliest() > now) {
        set_system(heap_.earliest());
        return false;
    }
    due.timer = std::make_shared<Timer*>(nullptr);
    Timer& timer = heap_.pop();
    *due.timer = &timer;
    timer.on_call = due.timer;
    due.executor = executor_of(timer);
    return true;
}

void TimerQueue::try_later(TimePoint at, const Due& untold) noexcept {
    const std::lock_guard lock(mutex_);
    try {
        if (Timer* const timer = untold.timer ? *untold.timer : nullptr; timer != nullptr) {
            timer->on_call.reset();
            heap_.arm(*timer, at); // where it was there is room again
        }
        if (!closed_) {
            set_system(at);
        }
    } catch (...) { // the next `arm` sets it
        set_for_ = end_of_time;
    }
}

void TimerQueue::close() noexcept {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    set_for_ = end_of_time;
    system_.reset();
}

} // namespace backstay::inline BACKSTAY_ABI::detail
