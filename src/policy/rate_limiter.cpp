#include <backstay/policy/rate_limiter.hpp>

#include "policy/check_option.hpp"
#include "policy/token_queues.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

using namespace std::chrono_literals;

constexpr int most = 1'000'000;
constexpr Duration longest_time = 24h * 365;

/// Together such that no sum of them overflows the clock.
void validate_rate(int rate, Duration period, int burst) {
    check_option(period >= 1ms && period <= longest_time, "RateLimiterOptions.period", period,
                 "1 ms to " + to_text(longest_time));
    check_option(rate >= 1 && period / 1us >= rate, "RateLimiterOptions.rate", rate,
                 "1 to one for each microsecond of the period");
    const Duration interval = detail::TokenPace::of(rate, period, 1).interval;
    check_option(burst >= 1 && burst <= most && burst <= longest_time / interval, "RateLimiterOptions.burst",
                 burst, "1 to 1000000, and refilled within " + to_text(longest_time));
}

void validate(const RateLimiterOptions& options) {
    validate_rate(options.rate, options.period, options.burst);
    check_option(options.max_wait >= 0s && options.max_wait <= longest_time, "RateLimiterOptions.max_wait",
                 options.max_wait, "0 s (refuse at once) to " + to_text(longest_time));
    check_option(options.max_queued >= 0 && options.max_queued <= most, "RateLimiterOptions.max_queued",
                 options.max_queued, "0 (no queue) to 1000000");
    check_option(options.max_keys > 0, "RateLimiterOptions.max_keys", options.max_keys, "1 or more");
}

} // namespace

RateLimiter::RateLimiter(const RateLimiterOptions& options) {
    validate(options);
    queues_ = std::make_shared<detail::TokenQueues>(options);
}

RateLimiter RateLimiter::clone() const {
    return RateLimiter(options());
}

RateLimiterOptions RateLimiter::options() const {
    return queues_->options();
}

StageDescription RateLimiter::describe() const {
    const RateLimiterOptions with = options();
    std::string text = std::to_string(with.rate) + " in " + to_text(with.period) + ", bursts of " +
                       std::to_string(with.burst);
    text += queues_->queues()
                ? ", " + std::to_string(with.max_queued) + " queued for up to " + to_text(with.max_wait)
                : ", no queue";
    text += with.key != nullptr ? ", for each key" : "";
    text += with.dry_run ? ", dry run" : "";
    StageDescription description{.name = "rate_limiter", .settings = text};
    if (queues_->queues() && !with.dry_run) {
        description.longest_wait = with.max_wait;
    }
    return description;
}

Admission RateLimiter::admit(Call& mine, CallContext& call) noexcept {
    if (mine.waiter_ != nullptr) [[unlikely]] {
        return std::shared_ptr(mine.waiter_->queue)->ask_again(mine, call.now);
    }
    const auto* const only = queues_->only();
    const auto keyed = only == nullptr ? queues_->obtain(call.key) : nullptr;
    const auto& queue = only != nullptr ? *only : keyed;
    if (queues_->dry_run) {
        Duration wait{0};
        if (!queue->try_out(call, wait)) {
            call.notify({.type = EventType::refused,
                         .kind = FailureKind::rate_limit_rejected,
                         .refused_by = RefusedBy::rate_limiter,
                         .dry_run = true,
                         .delay = wait});
        }
        return Admission::proceed();
    }
    if (queue->try_take(call.now)) [[likely]] {
        return Admission::proceed();
    }
    return queue->arrive(mine, call, queue);
}

bool RateLimiter::enqueue(Call& mine, Waker waker) noexcept {
    return mine.waiter_->queue->enqueue(*mine.waiter_, std::move(waker));
}

void RateLimiter::Call::leave() noexcept {
    const std::unique_ptr<detail::TurnWaiter> waiter(std::exchange(waiter_, nullptr));
    waiter->queue->leave(*waiter);
}

void RateLimiter::set_rate(TimePoint now, int rate, Duration period, int burst) {
    validate_rate(rate, period, burst);
    queues_->set_rate(now, rate, period, burst);
}

RateLimiterSnapshot RateLimiter::snapshot(TimePoint now, const CallKey& key) const {
    return queues_->snapshot(now, key);
}

std::vector<KeyedRateLimiterSnapshot> RateLimiter::snapshots(TimePoint now) const {
    return queues_->snapshots(now);
}

} // namespace backstay::inline BACKSTAY_ABI
