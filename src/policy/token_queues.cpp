#include "policy/token_queues.hpp"

namespace backstay::inline BACKSTAY_ABI::detail {

TokenQueues::TokenQueues(const RateLimiterOptions& with)
    : dry_run(with.dry_run),
      given_(with),
      rate_(with.rate),
      period_(with.period),
      burst_(with.burst),
      common_(make()),
      keyed_(with.max_keys) {}

TokenPace TokenQueues::pace() const {
    const std::lock_guard lock(mutex_);
    return TokenPace::of(rate_, period_, burst_);
}

std::shared_ptr<TokenQueue> TokenQueues::make() const {
    return std::make_shared<TokenQueue>(given_.max_wait, given_.max_queued, pace());
}

RateLimiterOptions TokenQueues::options() const {
    RateLimiterOptions with = given_;
    const std::lock_guard lock(mutex_);
    with.rate = rate_;
    with.period = period_;
    with.burst = burst_;
    return with;
}

std::shared_ptr<TokenQueue> TokenQueues::obtain(const CallKey& key) noexcept {
    auto queue = keyed_.obtain(given_.key(key), [this] { return make(); });
    return queue ? queue : common_;
}

void TokenQueues::set_rate(TimePoint now, int rate, Duration period, int burst) {
    {
        const std::lock_guard lock(mutex_);
        rate_ = rate;
        period_ = period;
        burst_ = burst;
    }
    const TokenPace changed = TokenPace::of(rate, period, burst);
    common_->set_pace(changed, now);
    for (const auto& [key, queue] : keyed_.entries()) { // a key that comes meanwhile has it already
        queue->set_pace(changed, now);
    }
}

RateLimiterSnapshot TokenQueues::snapshot(TimePoint now, const CallKey& key) const {
    if (given_.key == nullptr) {
        return common_->snapshot(now);
    }
    const std::shared_ptr<TokenQueue> known = keyed_.find(given_.key(key));
    return known ? known->snapshot(now) : make()->snapshot(now);
}

std::vector<KeyedRateLimiterSnapshot> TokenQueues::snapshots(TimePoint now) const {
    std::vector<KeyedRateLimiterSnapshot> shown;
    if (given_.key == nullptr) {
        shown.push_back({.key = {}, .limiter = common_->snapshot(now)});
    }
    for (const auto& [key, queue] : keyed_.entries()) {
        shown.push_back({.key = key, .limiter = queue->snapshot(now)});
    }
    return shown;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
