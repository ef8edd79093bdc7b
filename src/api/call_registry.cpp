#include "api/call_registry.hpp"

#include <asio/post.hpp>

#include <exception>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

ActiveCall::ActiveCall(std::shared_ptr<CallRegistry> registry, asio::any_io_executor executor,
                       bool counted) noexcept
    : registry_(std::move(registry)), executor_(std::move(executor)), counted_(counted) {
    entered_ = registry_->enter(*this);
}

ActiveCall::~ActiveCall() {
    if (entered_) {
        registry_->leave(*this);
    }
}

bool CallRegistry::enter(ActiveCall& call) noexcept {
    const std::lock_guard lock(mutex_);
    if (closed_) {
        return false;
    }
    call.next_ = head_;
    if (head_ != nullptr) {
        head_->previous_ = &call;
    }
    head_ = &call;
    ++active_;
    return true;
}

void CallRegistry::leave(ActiveCall& call) noexcept {
    std::vector<Waker> woken;
    {
        const std::lock_guard lock(mutex_);
        if (call.ticket_) {
            call.ticket_->call = nullptr;
        }
        (call.previous_ != nullptr ? call.previous_->next_ : head_) = call.next_;
        if (call.next_ != nullptr) {
            call.next_->previous_ = call.previous_;
        }
        if (--active_ == 0) {
            woken.swap(waiting_);
        }
    }
    for (const auto& waker : woken) {
        waker.wake();
    }
}

void CallRegistry::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        if (all_told_) {
            return;
        }
    }
    tell_all(&ActiveCall::drain);
    const std::lock_guard lock(mutex_);
    all_told_ = true;
}

std::size_t CallRegistry::cut() {
    return tell_all(&ActiveCall::cut);
}

std::size_t CallRegistry::active() const {
    const std::lock_guard lock(mutex_);
    return active_;
}

void CallRegistry::when_empty(Waker waker) {
    {
        const std::lock_guard lock(mutex_);
        if (active_ > 0) {
            waiting_.push_back(std::move(waker));
            return;
        }
    }
    waker.wake();
}

std::size_t CallRegistry::tell_all(void (ActiveCall::*order)() noexcept) {
    // posted under the lock: while a call is in the list, its frame and therefore its context exist
    const std::lock_guard lock(mutex_);
    std::size_t told = 0;
    std::exception_ptr fault; // one that cannot be told does not keep the others from it
    for (auto* call = head_; call != nullptr; call = call->next_) {
        try {
            tell(*call, order);
            told += call->counted_ ? 1U : 0U;
        } catch (...) {
            fault = std::current_exception();
        }
    }
    if (fault) {
        std::rethrow_exception(fault);
    }
    return told; // some of them may have ended before the caller looks
}

void CallRegistry::tell(ActiveCall& call, void (ActiveCall::*order)() noexcept) {
    if (!call.ticket_) {
        call.ticket_ = std::make_shared<ActiveCall::Ticket>(ActiveCall::Ticket{&call});
    }
    asio::post(call.executor_, [registry = shared_from_this(), ticket = call.ticket_, order] {
        ActiveCall* alive = nullptr;
        {
            const std::lock_guard inner(registry->mutex_);
            alive = ticket->call;
        }
        if (alive != nullptr) {
            (alive->*order)(); // it cannot end meanwhile: this runs on its serialised executor
        }
    });
}

} // namespace backstay::inline BACKSTAY_ABI::detail
