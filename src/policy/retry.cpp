#include <backstay/policy/retry.hpp>

#include "policy/check_option.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

BackoffOptions rate_limited_backoff(const RetryOptions& options) {
    BackoffOptions backoff = options.backoff;
    backoff.base = std::min(options.rate_limited_base, backoff.cap);
    return backoff;
}

/// So many times the wait of a 429 that names none, when the classifier has a default, spread as a named one.
Duration longest_default_total(const RetryOptions& options, Duration wait) {
    const double ticks = static_cast<double>(wait.count());
    const double spread =
        std::min(ticks * options.hint_jitter_ratio, static_cast<double>(options.hint_jitter_max.count()));
    const double total = (ticks + spread) * std::max(options.max_attempts - 1, 0);
    constexpr auto longest = static_cast<double>(Duration::max().count());
    return total < longest ? Duration{static_cast<Duration::rep>(total)} : Duration::max();
}

const RetryOptions& validated(const RetryOptions& options) {
    constexpr Duration zero{0};
    check_option(options.max_attempts >= 0, "RetryOptions.max_attempts", options.max_attempts,
                 "0 (no limit) or more");
    check_option(options.rate_limited_base >= zero, "RetryOptions.rate_limited_base",
                 options.rate_limited_base, "0 s or longer");
    const auto& default_wait = options.classifier.rate_limited_default_wait;
    check_option(!default_wait || *default_wait >= zero, "RetryOptions.classifier.rate_limited_default_wait",
                 default_wait.value_or(zero), "0 s or longer");
    check_option(options.max_server_wait >= zero, "RetryOptions.max_server_wait", options.max_server_wait,
                 "0 s or longer");
    check_option(options.hint_jitter_ratio >= 0 && options.hint_jitter_ratio <= 1,
                 "RetryOptions.hint_jitter_ratio", options.hint_jitter_ratio, "0 to 1");
    check_option(options.hint_jitter_max >= zero, "RetryOptions.hint_jitter_max", options.hint_jitter_max,
                 "0 s or longer");
    return options;
}

} // namespace

struct Retry::State {
    explicit State(RetryOptions given)
        : options(std::move(given)),
          backoff(validated(options).backoff),
          rate_limited(rate_limited_backoff(options)) {}

    RetryOptions options;
    Backoff backoff;
    Backoff rate_limited;
    std::atomic<Duration::rep> off_until{TimePoint::min().time_since_epoch().count()};
    std::atomic<std::uint64_t> callback_errors{0};
};

/// How long to wait, and who says so.
struct Retry::Wait {
    Duration delay{0};
    bool named = false;    ///< by the server, or by who refused: obeyed to the tick and spread
    bool too_long = false; ///< longer than this call is willing to wait for a server
};

Retry::Retry(RetryOptions options) : state_(std::make_shared<State>(std::move(options))) {}

Retry Retry::clone() const {
    RetryOptions options = state_->options;
    if (options.budget) {
        options.budget = options.budget->clone();
    }
    return Retry(std::move(options));
}

const RetryOptions& Retry::options() const noexcept {
    return state_->options;
}

void Retry::switch_off(TimePoint until) noexcept {
    state_->off_until.store(until.time_since_epoch().count(), std::memory_order_relaxed);
}

bool Retry::is_on(TimePoint now) const noexcept {
    return now.time_since_epoch().count() >= state_->off_until.load(std::memory_order_relaxed);
}

std::uint64_t Retry::callback_errors() const noexcept {
    return state_->callback_errors.load(std::memory_order_relaxed);
}

Verdict Retry::settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
    if (failure != nullptr) [[unlikely]] {
        return after_failure(mine, call, *failure);
    }
    if (state_->options.budget) {
        state_->options.budget->succeeded(mine.paid_, call);
    }
    return Verdict::pass();
}

Verdict Retry::after_failure(Call& mine, CallContext& call, const Failure& failure) const noexcept {
    const RetryOptions& options = state_->options;
    const bool refused = failure.reach == Reach::refused_here;
    ++mine.tries_;
    mine.has_outcome_ |= !refused;

    if (const StopReason why = reason_to_stop(mine, call, failure); why != StopReason::none) {
        return stop(mine, call, failure, why);
    }
    const Wait wait = next_wait(mine, call, failure);
    if (wait.too_long) {
        return stop(mine, call, failure, StopReason::server_wait_too_long);
    }
    TimePoint at = saturating_add(call.now, wait.delay);
    if (at >= call.deadline.at) { // an attempt that has no time left is not worth a wait
        return stop(mine, call, failure, StopReason::deadline);
    }
    if (wait.named) { // spread, but leave the attempt at least half of the time there is
        const auto room = static_cast<double>((call.deadline.at - at).count()) / 2;
        const double most = std::min({static_cast<double>(wait.delay.count()) * options.hint_jitter_ratio,
                                      static_cast<double>(options.hint_jitter_max.count()), room});
        at += Duration{static_cast<Duration::rep>(call.random->between(0, most))};
    }
    // A repeat of what was refused here costs nothing: what it repeats reached no server.
    if (!refused && options.budget && !options.budget->withdraw(mine.paid_, call, failure)) {
        return stop(mine, call, failure, StopReason::budget_exhausted);
    }
    if (!refused && failure.is(Failure::has_hint)) {
        call.served_wait_until = at;
        mine.backoff_ = {};
    }
    announce(call, failure, at - call.now);
    return Verdict::again_at(at);
}

StopReason Retry::reason_to_stop(Call& mine, const CallContext& call, const Failure& failure) const noexcept {
    const RetryOptions& options = state_->options;
    const Classifier& classifier = options.classifier;
    const bool exhausted =
        options.max_attempts != 0 && mine.tries_ >= static_cast<std::uint32_t>(options.max_attempts);

    if (failure.reach == Reach::refused_here) {
        const bool may_wait =
            failure.kind == FailureKind::circuit_open || failure.kind == FailureKind::cooling_down;
        return options.retry_refusals && may_wait && failure.is(Failure::has_hint) && !exhausted &&
                       is_on(call.now)
                   ? StopReason::none
                   : StopReason::refused;
    }
    switch (failure.kind) { // whatever the table says: these end the call, not an attempt
    case FailureKind::deadline_exceeded:
        return StopReason::deadline;
    case FailureKind::canceled:
    case FailureKind::client_closed:
        return StopReason::not_retryable;
    default:
        break;
    }
    const bool safe = call.safe_to_repeat || call.overrides.allow_unsafe_retry;
    if (!classifier.may_repeat(failure, safe)) {
        return classifier.unsafe_to_repeat(failure, safe) ? StopReason::unsafe_to_repeat
                                                          : StopReason::not_retryable;
    }
    if (options.budget) {
        options.budget->failed(mine.paid_, call, failure);
    }
    if (exhausted) {
        return StopReason::attempts_exhausted;
    }
    return is_on(call.now) ? StopReason::none : StopReason::switched_off;
}

Retry::Wait Retry::next_wait(Call& mine, const CallContext& call, const Failure& failure) const noexcept {
    const RetryOptions& options = state_->options;
    const Duration asked = std::max(failure.hint, Duration::zero());
    if (failure.reach == Reach::refused_here) {
        return {.delay = asked, .named = true};
    }
    const bool rate_limited = failure.kind == FailureKind::rate_limited;
    if (failure.is(Failure::has_hint)) {
        const Duration most = call.overrides.max_server_wait.value_or(options.max_server_wait);
        const bool longer = asked > most && options.when_longer != WhenLonger::wait;
        return {.delay = longer ? most : asked,
                .named = true,
                .too_long = longer && options.when_longer == WhenLonger::give_up};
    }
    if (rate_limited && options.classifier.rate_limited_default_wait) {
        return {.delay = *options.classifier.rate_limited_default_wait, .named = true};
    }
    const Backoff& backoff = rate_limited ? state_->rate_limited : state_->backoff;
    return {.delay = backoff.next(mine.backoff_, *call.random)};
}

Verdict Retry::stop(Call& mine, const CallContext& call, const Failure& failure,
                    StopReason why) const noexcept {
    const bool refused = failure.reach == Reach::refused_here;
    if (refused) {
        why = StopReason::refused;
    }
    if (state_->options.budget) {
        state_->options.budget->release(mine.paid_);
    }
    call.notify({.type = EventType::gave_up,
                 .kind = failure.kind,
                 .stop_reason = why,
                 .refused_by = failure.refused_by,
                 .status = failure.status,
                 .hint_flags = failure.flags});
    return refused && mine.has_outcome_ ? Verdict::keep_previous(why) : Verdict::pass(why);
}

void Retry::announce(const CallContext& call, const Failure& failure, Duration delay) const noexcept {
    if (state_->options.on_retry) {
        try {
            state_->options.on_retry(
                {.attempts = call.attempt, .delay = delay, .failure = failure, .key = call.key});
        } catch (...) {
            state_->callback_errors.fetch_add(1, std::memory_order_relaxed);
        }
    }
    call.notify({.type = EventType::retry_scheduled,
                 .kind = failure.kind,
                 .refused_by = failure.refused_by,
                 .status = failure.status,
                 .hint_flags = failure.flags,
                 .delay = delay});
}

StageDescription Retry::describe() const {
    const RetryOptions& options = state_->options;
    const bool limited = options.max_attempts != 0;
    std::string settings =
        limited ? std::to_string(options.max_attempts) + " attempts, " : "no limit of attempts, ";
    settings += state_->backoff.describe();
    settings += options.when_longer == WhenLonger::wait
                    ? ", any server wait"
                    : ", server waits up to " + to_text(options.max_server_wait);
    if (!options.budget) {
        settings += ", no budget";
    }
    StageDescription description{.name = std::string(to_string(stage)),
                                 .settings = std::move(settings),
                                 .most_attempts = options.max_attempts};
    if (options.max_attempts != 0) {
        const auto& default_wait = options.classifier.rate_limited_default_wait;
        description.longest_wait =
            std::max(state_->backoff.longest_total(options.max_attempts),
                     default_wait ? longest_default_total(options, *default_wait)
                                  : state_->rate_limited.longest_total(options.max_attempts));
    }
    if (options.budget) {
        description.amplification = 1 + options.budget->retry_ratio();
    }
    return description;
}

} // namespace backstay::inline BACKSTAY_ABI
