#include "measure.hpp"
#include "rows.hpp"

#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/retry_budget.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <cstdio>

// What is left of a thread's speed when another one shares its policies.

namespace backstay::bench {

namespace {

/// What the threads share.
struct Shared {
    RetryBudget budget;
    CircuitBreaker breaker;
    ConcurrencyLimit limit;
    Pipeline<TotalTimeout, Retry, CircuitBreaker, ConcurrencyLimit, AttemptTimeout> pipeline{
        TotalTimeout{}, Retry{{.budget = budget}}, breaker, limit, AttemptTimeout{}};
} shared;

/// One thread of them: a context of its own, and calls one after another. The rates of all are added up.
void call_from_thread(benchmark::State& state) {
    CallSettings settings;
    settings.key = {.origin = origin};
    const auto call = [&settings] { return shared.pipeline.run(asio_runtime(), settings, Answer{}); };
    asio::io_context context{1};
    const TimePoint began = Clock::now();
    run(context, iterate(state, call));
    const std::chrono::duration<double> took = Clock::now() - began;
    state.counters["calls_per_s"] = static_cast<double>(state.iterations()) / took.count();
}

} // namespace

void add_sharing() {
    benchmark::RegisterBenchmark("shared", call_from_thread)->Threads(1)->Threads(2);
}

void print_shared_policies() {
    const CircuitSnapshot circuit = shared.breaker.snapshot(Clock::now(), {.origin = origin});
    const ConcurrencySnapshot slots = shared.limit.snapshot();
    std::printf("shared: breaker %s, %llu calls and %llu failures in its window; limit: %d of %d in use\n",
                std::string{to_string(circuit.state)}.c_str(), static_cast<unsigned long long>(circuit.calls),
                static_cast<unsigned long long>(circuit.failures), slots.in_flight, slots.limit);
}

} // namespace backstay::bench
