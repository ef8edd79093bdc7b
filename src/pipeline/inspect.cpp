#include <backstay/pipeline/inspect.hpp>

#include <backstay/policy/adaptive_concurrency.hpp>
#include <backstay/policy/adaptive_throttle.hpp>
#include <backstay/policy/chaos.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/cool_down.hpp>
#include <backstay/policy/hedge.hpp>
#include <backstay/policy/rate_limiter.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/retry_budget.hpp>

#include <algorithm>
#include <concepts>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// Writes fields one after the other.
class Writer {
public:
    explicit Writer(TimePoint now) noexcept : now_(now) {}

    Writer& add(std::string_view name, bool value) { return put(name, value); }
    Writer& add(std::string_view name, double value) { return put(name, value); }
    Writer& add(std::string_view name, Duration value) { return put(name, value); }
    Writer& add(std::string_view name, std::string_view value) { return put(name, std::string(value)); }
    template <std::integral Number>
    Writer& add(std::string_view name, Number value) {
        return put(name, static_cast<std::int64_t>(value));
    }
    /// The time until then; nothing for a time that never comes.
    Writer& until(std::string_view name, TimePoint at) {
        return at == end_of_time ? *this : put(name, std::max(at - now_, Duration::zero()));
    }

    [[nodiscard]] KeyedState state(std::string key = std::string()) {
        return {.key = std::move(key), .fields = std::exchange(fields_, {})};
    }

private:
    Writer& put(std::string_view name, StateValue value) {
        fields_.push_back({.name = std::string(name), .value = std::move(value)});
        return *this;
    }

    TimePoint now_;
    std::vector<StateField> fields_;
};

} // namespace

const StateValue* KeyedState::find(std::string_view name) const noexcept {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [name](const StateField& field) { return field.name == name; });
    return found != fields.end() ? &found->value : nullptr;
}

std::vector<KeyedState> inspect(const CircuitBreaker& policy, TimePoint now) {
    std::vector<KeyedState> states;
    for (const KeyedCircuitSnapshot& keyed : policy.snapshots(now)) {
        const CircuitSnapshot& circuit = keyed.circuit;
        states.push_back(Writer(now)
                             .add("state", to_string(circuit.state))
                             .add("calls", circuit.calls)
                             .add("failures", circuit.failures)
                             .add("slow", circuit.slow)
                             .add("failure_ratio", circuit.failure_ratio)
                             .add("failures_in_a_row", circuit.failures_in_a_row)
                             .add("openings", circuit.openings)
                             .add("probes_out", circuit.probes_out)
                             .until("next_change", circuit.next_change)
                             .state(keyed.key));
    }
    return states;
}

std::vector<KeyedState> inspect(const CoolDown& policy, TimePoint now) {
    std::vector<KeyedState> states;
    for (const KeyedCoolDownSnapshot& keyed : policy.snapshots(now)) {
        const CoolDownSnapshot& gate = keyed.gate;
        states.push_back(Writer(now)
                             .add("state", to_string(gate.state))
                             .add("cause", to_string(gate.cause))
                             .add("remaining", gate.remaining)
                             .until("next_chance", gate.next_chance)
                             .add("waiting", gate.waiting)
                             .add("probe_out", gate.probe_out)
                             .add("closings", gate.closings)
                             .add("held", gate.held)
                             .add("refused", gate.refused)
                             .state(keyed.key));
    }
    return states;
}

std::vector<KeyedState> inspect(const RetryBudget& budget, TimePoint now) {
    std::vector<KeyedState> states;
    for (const KeyedRetryBudgetSnapshot& keyed : budget.snapshots(now)) {
        const RetryBudgetSnapshot& account = keyed.budget;
        states.push_back(Writer(now)
                             .add("tokens", account.tokens)
                             .add("capacity", account.capacity)
                             .add("withdrawn", account.withdrawn)
                             .add("returned", account.returned)
                             .add("refused", account.refused)
                             .state(keyed.key));
    }
    return states;
}

std::vector<KeyedState> inspect(const Retry& policy, TimePoint now) {
    return {Writer(now)
                .add("on", policy.is_on(now))
                .add("max_attempts", policy.options().max_attempts)
                .add("callback_errors", policy.callback_errors())
                .state()};
}

std::vector<KeyedState> inspect(const RateLimiter& policy, TimePoint now) {
    std::vector<KeyedState> states;
    for (const KeyedRateLimiterSnapshot& keyed : policy.snapshots(now)) {
        const RateLimiterSnapshot& limiter = keyed.limiter;
        states.push_back(Writer(now)
                             .add("tokens", limiter.tokens)
                             .until("next_token", limiter.next_token)
                             .add("queued", limiter.queued)
                             .add("waited", limiter.waited)
                             .add("refused", limiter.refused)
                             .state(keyed.key));
    }
    return states;
}

std::vector<KeyedState> inspect(const ConcurrencyLimit& policy, TimePoint now) {
    const ConcurrencySnapshot limit = policy.snapshot();
    return {Writer(now)
                .add("limit", limit.limit)
                .add("in_flight", limit.in_flight)
                .add("queued", limit.queued)
                .state()};
}

std::vector<KeyedState> inspect(const AdaptiveConcurrency& policy, TimePoint now) {
    const AdaptiveConcurrencySnapshot limit = policy.snapshot();
    return {Writer(now)
                .add("limit", limit.limit)
                .add("in_flight", limit.in_flight)
                .add("queued", limit.queued)
                .add("short_rtt", limit.short_rtt)
                .add("long_rtt", limit.long_rtt)
                .state()};
}

std::vector<KeyedState> inspect(const AdaptiveThrottle& policy, TimePoint now) {
    std::vector<KeyedState> states;
    for (const KeyedThrottleSnapshot& keyed : policy.snapshots(now)) {
        const AdaptiveThrottleSnapshot& throttle = keyed.throttle;
        states.push_back(Writer(now)
                             .add("requests", throttle.requests)
                             .add("accepts", throttle.accepts)
                             .add("refusal", throttle.refusal)
                             .add("refused", throttle.refused)
                             .state(keyed.key));
    }
    return states;
}

std::vector<KeyedState> inspect(const Hedge& policy, TimePoint now) {
    const HedgeSnapshot hedge = policy.snapshot(now);
    Writer writer(now);
    if (hedge.delay) {
        writer.add("delay", *hedge.delay);
    }
    return {writer.add("sent", hedge.sent).add("won", hedge.won).add("tokens", hedge.tokens).state()};
}

std::vector<KeyedState> inspect(const Chaos& policy, TimePoint now) {
    const ChaosSnapshot chaos = policy.snapshot();
    return {Writer(now)
                .add("enabled", chaos.enabled)
                .add("failures", chaos.failures)
                .add("statuses", chaos.statuses)
                .add("delays", chaos.delays)
                .state()};
}

} // namespace backstay::inline BACKSTAY_ABI
