#include "measure.hpp"
#include "rows.hpp"

#include <backstay/api/presets.hpp>
#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/hedge.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/retry_budget.hpp>
#include <backstay/policy/total_timeout.hpp>
#include <backstay/telemetry/log_observer.hpp>
#include <backstay/telemetry/metrics_observer.hpp>

#include <cstdio>
#include <memory>

// What a call pays for its policies, over a `Response` handle: one call after another on one thread. `bare`
// awaits the operation alone; `stages/5` is the set of five that Polly publishes figures for. `standard` is
// the preset as clients run it: erased, and with its state looked up for the call's origin.

namespace backstay::bench {

namespace {

using namespace std::chrono_literals;

struct GuardedAnswer : Answer {
    static constexpr bool needs_guard = true;
};

/// The same operation for an erased pipeline.
struct ErasedAnswer final : Operation<R> {
    asio::awaitable<R> attempt(CallContext& call) override { return answer(call); }
} erased;

/// The policies under measurement, kept so that their state can be shown afterwards.
struct Policies {
    ConcurrencyLimit limit{ConcurrencyLimitOptions{.limit = 1'000}};
    TotalTimeout total{30s};
    RetryBudget budget{RetryBudgetOptions{.key = nullptr}};
    Retry retry{RetryOptions{.budget = budget}};
    CircuitBreaker breaker{CircuitBreakerOptions{.unkeyed = true}};
    AttemptTimeout attempt{8s};
} policies;

/// The state of the presets, likewise.
struct Presets {
    RetryBudget budget;
    CircuitBreaker breaker;
    StandardOptions options{.retry = {.budget = budget}, .breaker = breaker};
} presets;

TimePoint last_stages; ///< when they were measured last: their windows forget
TimePoint last_preset;

template <class Op, class... P>
void measure_pipeline(const char* name, Op op, P... stages) {
    measure(name, [pipeline = Pipeline{std::move(stages)...}, op] {
        return pipeline.run(op);
    })->Teardown([](const benchmark::State&) { last_stages = Clock::now(); });
}

void measure_preset(const char* name, const ResponsePipeline& pipeline,
                    const std::shared_ptr<Observer>& observer = nullptr) {
    CallSettings settings;
    settings.key = {.origin = origin, .operation = "get order"};
    settings.observer = observer.get();
    measure(name, [pipeline, settings, observer] { return pipeline.run(asio_runtime(), settings, erased); });
}

} // namespace

void add_pipelines() {
    measure("bare", [context = CallContext{}]() mutable { return answer(context); });
    const Policies& p = policies;
    measure_pipeline("stages/0", Answer{});
    measure_pipeline("stages/1", Answer{}, p.total);
    measure_pipeline("stages/3", Answer{}, p.total, p.retry, p.breaker);
    measure_pipeline("stages/5", Answer{}, p.total, p.limit, p.retry, p.breaker, p.attempt);
    measure_pipeline("guarded", GuardedAnswer{}, p.total, p.limit, p.retry, p.breaker, p.attempt);

    const auto preset = standard(presets.options);
    measure_preset("standard", preset);
    measure_preset("standard_metrics", preset, std::make_shared<MetricsObserver>());
    measure_preset("standard_log", preset, std::make_shared<LogObserver>());
    measure_preset("single", single(presets.options));
    // neither fires: the operation succeeds at once
    measure_preset("hedge_armed",
                   standard_hedged({.standard = presets.options, .hedge = {.delay = Duration{50ms}}}));
    measure_preset("hedge_armed/quantile", standard_hedged({.standard = presets.options}));
}

void print_policies_of_pipelines() {
    const auto print = [](const char* of, const CircuitSnapshot& circuit, double tokens) {
        std::printf("%s: breaker %s, %llu calls and %llu failures in its window; budget: %.1f tokens\n", of,
                    std::string{to_string(circuit.state)}.c_str(),
                    static_cast<unsigned long long>(circuit.calls),
                    static_cast<unsigned long long>(circuit.failures), tokens);
    };
    const CallKey key{.origin = origin};
    print("stages", policies.breaker.snapshot(last_stages), policies.budget.tokens(last_stages));
    print("presets", presets.breaker.snapshot(last_preset, key), presets.budget.tokens(last_preset, key));
}

} // namespace backstay::bench
