#include "counting_allocator.hpp"

#include <backstay/http/response.hpp>
#include <backstay/http/transport_error.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/hedge.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/retry_budget.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>
#include <string>
#include <type_traits>

// What a call pays for its policies, over a `Response` handle: one call after another on one thread. `bare`
// awaits the operation alone; `stages/5` is the set of five that Polly publishes figures for.

namespace {

using namespace backstay;
using namespace std::chrono_literals;
using R = expected<Response, TransportError>;

CircuitBreaker unkeyed_breaker() {
    return CircuitBreaker{{.unkeyed = true}};
}

/// Opens a breaker by failures.
void open(CircuitBreaker& breaker, CallContext& call) {
    const Failure failure{.kind = FailureKind::service_unavailable, .reach = Reach::answered, .status = 503};
    for (int i = 0; i < 100; ++i) {
        CircuitBreaker::Call mine;
        if (breaker.admit(mine, call).answer == Admission::Answer::proceed) {
            breaker.settle(mine, call, &failure);
        }
    }
}

/// The policies under measurement, kept so that their state can be shown afterwards.
struct Policies {
    ConcurrencyLimit limit{ConcurrencyLimitOptions{.limit = 1'000}};
    TotalTimeout total{30s};
    RetryBudget budget{RetryBudgetOptions{.key = nullptr}};
    Retry retry{RetryOptions{.budget = budget}};
    CircuitBreaker breaker = unkeyed_breaker();
    AttemptTimeout attempt{8s};
} policies;

asio::awaitable<R> answer(CallContext&) {
    co_return Response{};
}

struct Answer {
    asio::awaitable<R> operator()(CallContext& call) const { return answer(call); }
};
struct GuardedAnswer : Answer {
    static constexpr bool needs_guard = true;
};

void count_allocations(benchmark::State& state, std::uint64_t before) {
    state.counters["allocs_per_call"] =
        benchmark::Counter(static_cast<double>(allocations() - before), benchmark::Counter::kAvgIterations);
}

/// Runs `call()` once for each iteration, inside one coroutine.
template <class F>
asio::awaitable<void> iterate(benchmark::State& state, F& call) {
    for (int warm = 0; warm < 100; ++warm) { // Asio's frame cache, lazily made state
        benchmark::DoNotOptimize(co_await call());
    }
    const std::uint64_t before = allocations();
    for (auto _ : state) {
        benchmark::DoNotOptimize(co_await call());
    }
    count_allocations(state, before);
}

template <class F>
void measure(const char* name, F call) {
    benchmark::RegisterBenchmark(name, [call](benchmark::State& state) mutable {
        asio::io_context context{1};
        asio::co_spawn(context, iterate(state, call), [](std::exception_ptr error) {
            if (error) {
                std::rethrow_exception(error);
            }
        });
        context.run();
    });
}

template <class Op, class... P>
void measure_pipeline(const char* name, Op op, P... stages) {
    measure(name, [pipeline = Pipeline{std::move(stages)...}, op] { return pipeline.run(op); });
}

/// Asks and settles one policy, without a driver; one that refuses is not settled.
template <class P>
void measure_policy(const char* name, P policy, bool refuses = false) {
    benchmark::RegisterBenchmark(name, [policy, refuses](benchmark::State& state) mutable {
        Random random{1};
        CallContext call{.now = Clock::now(), .random = &random};
        if constexpr (std::is_same_v<P, CircuitBreaker>) {
            if (refuses) {
                open(policy, call);
            }
        }
        const std::uint64_t before = allocations();
        for (auto _ : state) {
            typename P::Call mine;
            Admission admission = policy.admit(mine, call);
            benchmark::DoNotOptimize(admission.answer);
            if (!refuses) {
                benchmark::DoNotOptimize(policy.settle(mine, call, nullptr).answer);
            }
        }
        count_allocations(state, before);
    });
}

void register_all() {
    measure("bare", [context = CallContext{}]() mutable { return answer(context); });
    const Policies& p = policies;
    measure_pipeline("stages/0", Answer{});
    measure_pipeline("stages/1", Answer{}, p.total);
    measure_pipeline("stages/3", Answer{}, p.total, p.retry, p.breaker);
    measure_pipeline("stages/5", Answer{}, p.limit, p.total, p.retry, p.breaker, p.attempt);
    measure_pipeline("standard", Answer{}, p.total, p.retry, CircuitBreaker{{}}, p.limit, p.attempt);
    measure_pipeline("hedge_armed", Answer{}, p.total, p.retry, Hedge{{.delay = 50ms}}, p.breaker, p.limit,
                     p.attempt);
    measure_pipeline("guarded", GuardedAnswer{}, p.limit, p.total, p.retry, p.breaker, p.attempt);
    measure_policy("policy/breaker_closed", unkeyed_breaker());
    measure_policy("policy/breaker_open", unkeyed_breaker(), true);
    measure_policy("policy/limit", p.limit);
}

/// Shows that the policies did their work while they were measured.
void print_state() {
    const TimePoint now = Clock::now();
    const CircuitSnapshot circuit = policies.breaker.snapshot(now);
    std::printf("breaker: %s, %llu calls and %llu failures in the window; budget: %.1f tokens\n",
                std::string{to_string(circuit.state)}.c_str(), static_cast<unsigned long long>(circuit.calls),
                static_cast<unsigned long long>(circuit.failures), policies.budget.tokens(now));
}

} // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    register_all();
    benchmark::RunSpecifiedBenchmarks();
    print_state();
}
