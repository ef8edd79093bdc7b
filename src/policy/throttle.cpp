#include "policy/throttle.hpp"

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

double k_of(const AdaptiveThrottleOptions& options, Priority priority) noexcept {
    switch (priority) {
    case Priority::critical:
        return options.critical_k;
    case Priority::sheddable:
        return options.sheddable_k;
    case Priority::normal:
        break;
    }
    return options.k;
}

} // namespace

Throttle::Throttle(std::shared_ptr<const AdaptiveThrottleOptions> options) noexcept
    : options_(std::move(options)),
      bucket_ticks_(options_->window.count() / static_cast<Duration::rep>(buckets)) {}

bool Throttle::draws_refusal(const CallContext& call) noexcept {
    const std::lock_guard lock(mutex_);
    move_to(call.now);
    const double share = refusal(k_of(*options_, call.priority));
    if (share <= 0 || call.random->unit() >= share) {
        return false;
    }
    ++refused_;
    if (!options_->dry_run) { // else it is let through, and counted as it ends
        lose();
    }
    return true;
}

void Throttle::lost(TimePoint now) noexcept {
    const std::lock_guard lock(mutex_);
    move_to(now);
    lose();
}

AdaptiveThrottleSnapshot Throttle::snapshot(TimePoint now) noexcept {
    const std::lock_guard lock(mutex_);
    move_to(now);
    return {.requests = static_cast<std::uint64_t>(accepts_.total() + losses_.total()),
            .accepts = static_cast<std::uint64_t>(accepts_.total()),
            .refusal = refusal(options_->k),
            .refused = refused_};
}

void Throttle::move_to(TimePoint now) noexcept {
    accepts_.add(pending_.exchange(0, std::memory_order_relaxed));
    const Duration::rep bucket = now.time_since_epoch().count() / bucket_ticks_;
    accepts_.move_to(bucket);
    losses_.move_to(bucket);
    lost_.store(losses_.total(), std::memory_order_relaxed);
    bucket_end_.store((losses_.step() + 1) * bucket_ticks_, std::memory_order_relaxed);
}

void Throttle::lose() noexcept {
    losses_.add(1);
    lost_.store(losses_.total(), std::memory_order_relaxed);
}

double Throttle::refusal(double k) const noexcept {
    const auto accepts = static_cast<double>(accepts_.total());
    const double requests = accepts + static_cast<double>(losses_.total());
    if (requests < options_->minimum_requests) {
        return 0;
    }
    return std::clamp((requests - k * accepts) / (requests + 1), 0.0, options_->max_refusal);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
