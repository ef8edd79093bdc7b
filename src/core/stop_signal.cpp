#include <backstay/core/stop_signal.hpp>

namespace backstay::inline BACKSTAY_ABI {

StopSignal::Listener::~Listener() {
    remove(*this);
}

StopSignal::~StopSignal() {
    while (head_ != nullptr) {
        remove(*head_);
    }
}

void StopSignal::request(FailureKind reason) noexcept {
    if (requested() || reason == FailureKind::none) {
        return;
    }
    reason_ = reason;
    while (head_ != nullptr) { // each leaves before it is told: it may destroy itself or others
        Listener& listener = *head_;
        remove(listener);
        listener.stopped();
    }
}

void StopSignal::add(Listener& listener) noexcept {
    listener.signal_ = this;
    listener.previous_ = tail_;
    listener.next_ = nullptr;
    (tail_ != nullptr ? tail_->next_ : head_) = &listener;
    tail_ = &listener;
}

void StopSignal::remove(Listener& listener) noexcept {
    StopSignal* const signal = listener.signal_;
    if (signal == nullptr) {
        return;
    }
    (listener.previous_ != nullptr ? listener.previous_->next_ : signal->head_) = listener.next_;
    (listener.next_ != nullptr ? listener.next_->previous_ : signal->tail_) = listener.previous_;
    listener.signal_ = nullptr;
    listener.previous_ = listener.next_ = nullptr;
}

} // namespace backstay::inline BACKSTAY_ABI
