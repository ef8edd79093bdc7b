#include "http/gate.hpp"

#include "http/context_keeper.hpp"

#include <asio/async_result.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <mutex>
#include <optional>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

/// The wait is a timer that never expires: it is the one Asio operation that keeps the context running, heeds
/// cancellation, dies with its context, and can be ended without allocating. The lock is for openers on other
/// threads, which may come while the wait begins, after the gate has gone, or while its context goes.
struct Gate::State {
    std::mutex mutex;
    std::optional<asio::steady_timer> timer;
    std::shared_ptr<ContextKeeper> keeper;
    bool open = false;
};

Gate::Gate(const asio::any_io_executor& executor) : state_(std::make_shared<State>()) {
    state_->timer.emplace(executor);
    state_->keeper = ContextKeeper::of(executor); // after the timer: see there
}

const std::shared_ptr<ContextKeeper>& Gate::keeper() const noexcept {
    return state_->keeper;
}

Gate::~Gate() {
    const std::lock_guard lock(state_->mutex);
    state_->timer.reset();
}

void Gate::Opener::open() const noexcept {
    if (!state_) {
        return;
    }
    const std::lock_guard lock(state_->mutex);
    state_->open = true;
    if (state_->timer) {
        try {
            state_->keeper->while_open([this] { state_->timer->cancel(); });
        } catch (const std::exception&) { // Asio throws here only in name
        }
    }
}

bool Gate::Opener::gone() const noexcept {
    if (!state_) {
        return true;
    }
    const std::lock_guard lock(state_->mutex);
    return !state_->timer;
}

asio::awaitable<void> Gate::wait() {
    std::error_code aborted;
    auto token = asio::redirect_error(asio::use_awaitable, aborted);
    co_await asio::async_initiate<decltype(token), void(std::error_code)>(
        [](auto handler, std::shared_ptr<State> state) {
            const std::lock_guard lock(state->mutex);
            using Time = asio::steady_timer::time_point;
            state->timer->expires_at(state->open ? Time::min() : Time::max());
            state->timer->async_wait(std::move(handler));
        },
        token, state_);
}

} // namespace backstay::inline BACKSTAY_ABI
