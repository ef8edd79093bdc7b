#include <backstay/policy/hedge.hpp>

#include <backstay/policy/detail/keyed_table.hpp>
#include <backstay/policy/detail/latency_window.hpp>

#include "policy/check_option.hpp"

#include <algorithm>
#include <atomic>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

namespace {

const HedgeOptions& validated(const HedgeOptions& options) {
    using namespace std::chrono_literals;
    check_option(!options.delay || *options.delay >= 0s, "HedgeOptions.delay", options.delay.value_or(0s),
                 "0 s (at once) or longer");
    check_option(options.quantile > 0 && options.quantile < 1, "HedgeOptions.quantile", options.quantile,
                 "above 0, below 1");
    check_option(options.minimum_samples >= 1, "HedgeOptions.minimum_samples", options.minimum_samples,
                 "1 or more");
    check_option(options.minimum_delay >= 0s, "HedgeOptions.minimum_delay", options.minimum_delay,
                 "0 s or longer");
    check_option(options.window >= 100ms, "HedgeOptions.window", options.window, "100 ms or longer");
    check_option(options.max_extra >= 1 && options.max_extra <= 10, "HedgeOptions.max_extra",
                 options.max_extra, "1 to 10");
    check_option(options.extra_ratio >= 0 && options.extra_ratio <= 1, "HedgeOptions.extra_ratio",
                 options.extra_ratio, "0 to 1");
    check_option(options.max_keys >= 1, "HedgeOptions.max_keys", options.max_keys, "1 or more");
    return options;
}

RetryBudget budget_of(const HedgeOptions& options) {
    return RetryBudget{{.deposit_ratio = options.extra_ratio,
                        .floor_interval = Duration::zero(),
                        .key = options.key,
                        .max_keys = options.max_keys}};
}

} // namespace

struct Hedge::State {
    explicit State(const HedgeOptions& given)
        : options(validated(given)), budget(budget_of(options)), latencies(options.max_keys) {}

    [[nodiscard]] std::shared_ptr<detail::LatencyWindow> fresh_window() const {
        return std::make_shared<detail::LatencyWindow>(options.window, options.quantile,
                                                       options.minimum_samples);
    }
    [[nodiscard]] CallKey kept(const CallKey& key) const noexcept {
        return options.key == nullptr ? CallKey{} : options.key(key);
    }

    const HedgeOptions options;
    const RetryBudget budget;
    detail::KeyedTable<detail::LatencyWindow> latencies;
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> won{0};
};

Hedge::Hedge(const HedgeOptions& options) : state_(std::make_shared<State>(options)) {}

Hedge Hedge::clone() const {
    return Hedge(options());
}

const HedgeOptions& Hedge::options() const noexcept {
    return state_->options;
}

StageDescription Hedge::describe() const {
    const HedgeOptions& with = options();
    std::string when = with.delay ? to_text(*with.delay)
                                  : "the " + std::to_string(static_cast<int>(with.quantile * 100)) +
                                        " % quantile of the latency";
    return {.name = std::string(to_string(stage)),
            .settings = std::to_string(with.max_extra) + " more after " + std::move(when),
            .most_attempts = 1 + with.max_extra,
            .at_once = true,
            .longest_wait = with.delay ? std::optional(*with.delay * with.max_extra) : std::nullopt,
            .amplification = 1 + with.extra_ratio};
}

Admission Hedge::admit(Call& mine, CallContext& /*call*/) noexcept {
    mine.first_began_ = {};
    mine.hurry_ = mine.final_ = mine.patient_ = mine.won_ = false;
    return Admission::proceed();
}

Branch Hedge::next_branch(Call& mine, CallContext& call, int begun) noexcept {
    if (mine.first_began_ == TimePoint{}) {
        mine.first_began_ = call.now;
        mine.due_ = next_due(mine, call);
    }
    if (mine.final_) {
        return Branch::final();
    }
    const bool safe = call.safe_to_repeat || call.overrides.allow_unsafe_retry;
    const bool passed_by = call.overrides.without.has(stage);
    if (passed_by || mine.patient_ || !safe || begun > options().max_extra) {
        return Branch::no_more();
    }
    const TimePoint due = mine.hurry_ ? call.now : mine.due_;
    if (due >= call.deadline.at) {
        return Branch::no_more();
    }
    if (due > call.now) {
        return Branch::start_at(due);
    }
    if (!may_send(mine, call)) {
        return Branch::no_more();
    }
    mine.due_ = next_due(mine, call);
    mine.hurry_ = false;
    state_->sent.fetch_add(1, std::memory_order_relaxed);
    call.notify(
        {.type = EventType::hedge_sent, .attempt = begun + 1, .duration = call.now - mine.first_began_});
    return Branch::start_at(call.now);
}

/// The end of time when it is not known when an attempt is late.
TimePoint Hedge::next_due(Call& mine, const CallContext& call) const noexcept {
    const HedgeOptions& with = options();
    if (with.delay) {
        return saturating_add(call.now, std::max(*with.delay, with.minimum_delay));
    }
    if (!mine.latencies_) {
        mine.latencies_ =
            state_->latencies.obtain(state_->kept(call.key), [this] { return state_->fresh_window(); });
    }
    const Duration known = mine.latencies_ ? mine.latencies_->estimate() : Duration::zero();
    return known > Duration::zero() ? saturating_add(call.now, std::max(known, with.minimum_delay))
                                    : end_of_time;
}

bool Hedge::may_send(Call& mine, const CallContext& call) const noexcept {
    const auto& retries = options().retry_budget;
    return (!retries || retries->allows(call)) && state_->budget.withdraw(mine.paid_, call, Failure{});
}

void Hedge::branch_ended(Call& mine, CallContext& call, const BranchEnd& end) noexcept {
    if (end.failure != nullptr) {
        const Failure& failure = *end.failure;
        const bool safe = call.safe_to_repeat || call.overrides.allow_unsafe_retry;
        if (failure.reach == Reach::refused_here || failure.is(Failure::has_hint) ||
            failure.kind == FailureKind::rate_limited) {
            mine.patient_ = true;
        } else if (options().classifier.may_repeat(failure, safe)) {
            mine.hurry_ = true;
        } else if (failure.kind != FailureKind::canceled && failure.kind != FailureKind::deadline_exceeded &&
                   failure.kind != FailureKind::client_closed) {
            mine.final_ = true;
        }
        return;
    }
    if (mine.won_) { // a loser that was ready too
        return;
    }
    mine.won_ = true;
    if (mine.latencies_) {
        // From the first attempt's begin, whoever won: were a hedge's own time counted, the quantile would
        // sink with every hedge that wins, and more and more would be sent.
        mine.latencies_->record(call.now, call.now - mine.first_began_);
    }
    if (end.index > 0) {
        state_->won.fetch_add(1, std::memory_order_relaxed);
        call.notify({.type = EventType::hedge_won,
                     .attempt = end.index + 1,
                     .duration = call.now - end.attempt_began});
    }
}

Verdict Hedge::settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
    if (failure == nullptr) {
        state_->budget.succeeded(mine.paid_, call);
    } else {
        state_->budget.release(mine.paid_);
    }
    return Verdict::pass();
}

HedgeSnapshot Hedge::snapshot(TimePoint now, const CallKey& key) const {
    const auto known = state_->latencies.find(state_->kept(key));
    HedgeSnapshot shown{.delay = options().delay,
                        .sent = state_->sent.load(std::memory_order_relaxed),
                        .won = state_->won.load(std::memory_order_relaxed),
                        .tokens = state_->budget.tokens(now, key)};
    if (known) {
        shown.samples = known->samples();
        if (!shown.delay && known->estimate() > Duration::zero()) {
            shown.delay = std::max(known->estimate(), options().minimum_delay);
        }
    }
    return shown;
}

} // namespace backstay::inline BACKSTAY_ABI
