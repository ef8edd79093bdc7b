#include "http/watchdog.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

Watchdog::Watchdog(Runtime& runtime, asio::any_io_executor executor, const CallContext& call,
                   asio::cancellation_state cancellation)
    : Timer(&executor_),
      runtime_(runtime),
      executor_(std::move(executor)),
      cancellation_(cancellation),
      deadline_(call.deadline),
      stop_(call.stop) {
    if (stop_ != nullptr && stop_->requested()) {
        ended_ = stop_->reason();
    } else if (deadline_.at != end_of_time && deadline_.at <= runtime_.now()) {
        ended_ = deadline_.kind;
    } else {
        arm();
        if (stop_ != nullptr) {
            stop_->add(*this);
        }
    }
}

Watchdog::~Watchdog() {
    runtime_.disarm(*this);
}

FailureKind Watchdog::verdict() const noexcept {
    if (ended_ != FailureKind::none) {
        return ended_;
    }
    return cancellation_.cancelled() != asio::cancellation_type::none ? FailureKind::canceled
                                                                      : FailureKind::none;
}

std::string Watchdog::reason() const {
    const FailureKind kind = verdict();
    if (kind == FailureKind::out_of_memory) {
        return "memory ran out while the deadline was watched";
    }
    if (stop_ != nullptr && stop_->requested() && kind == stop_->reason()) {
        return "the call was stopped";
    }
    if (kind == FailureKind::attempt_timeout) {
        return "the attempt's time was up";
    }
    return kind == FailureKind::canceled ? "the call was cancelled" : "the call's time was up";
}

void Watchdog::begin_phase(Duration limit) {
    phase_limit_ = limit;
    phase_over_ = false;
    if (limit > Duration::zero()) {
        phase_began_ = runtime_.now();
    }
    arm();
}

void Watchdog::arm() {
    if (ended_ != FailureKind::none) {
        return;
    }
    const TimePoint phase_end =
        phase_limit_ > Duration::zero() ? saturating_add(phase_began_, phase_limit_) : end_of_time;
    const TimePoint until = std::min(deadline_.at, phase_end);
    if (until == armed_for_) {
        return;
    }
    armed_for_ = end_of_time;
    if (until == end_of_time) {
        runtime_.disarm(*this);
    } else {
        runtime_.arm(*this, until);
        armed_for_ = until;
    }
}

void Watchdog::expired() noexcept {
    armed_for_ = end_of_time;
    const TimePoint now = runtime_.now();
    if (now >= deadline_.at) {
        ended_ = deadline_.kind;
        return interrupt();
    }
    if (phase_limit_ > Duration::zero() && now >= saturating_add(phase_began_, phase_limit_)) {
        phase_over_ = true;
        phase_limit_ = Duration::zero();
        interrupt();
    }
    try {
        arm(); // for what is left: the deadline, or a phase that has made progress meanwhile
    } catch (const std::exception&) {
        ended_ = FailureKind::out_of_memory; // nobody would end the wait any more
        interrupt();
    }
}

void Watchdog::stopped() noexcept {
    ended_ = stop_->reason();
    interrupt();
}

void Watchdog::interrupt() noexcept {
    if (waited_ != nullptr) {
        waited_->cancel();
    }
}

} // namespace backstay::inline BACKSTAY_ABI
