#include "measure.hpp"
#include "rows.hpp"

#include <backstay/api/credentials.hpp>
#include <backstay/policy/adaptive_concurrency.hpp>
#include <backstay/policy/adaptive_throttle.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/aws_retry_budget.hpp>
#include <backstay/policy/chaos.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/cool_down.hpp>
#include <backstay/policy/finagle_retry_budget.hpp>
#include <backstay/policy/grpc_retry_budget.hpp>
#include <backstay/policy/hedge.hpp>
#include <backstay/policy/rate_limiter.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/retry_budget.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <optional>

// What each policy costs alone: asked and settled as in one call, without a driver. Calls succeed and come a
// microsecond apart, unless the row's name says otherwise.

namespace backstay::bench {

namespace {

using namespace std::chrono_literals;

/// A reply that a breaker, a cool-down and a throttle each make something of.
Failure unavailable() {
    Failure failure{.kind = FailureKind::service_unavailable, .reach = Reach::answered, .status = 503};
    failure.set_hint(60s);
    return failure;
}

/// Lists what a budget costs a call that succeeds.
void measure_budget(const char* name, RetryBudget budget) {
    measure_asked(name, std::move(budget), 1us, [](RetryBudget& asked, CallContext& call) {
        RetryBudget::Call mine;
        asked.succeeded(mine, call);
    });
}

/// Lists what deciding on a repeat costs: the first attempt fails, the second succeeds.
void measure_repeat() {
    const auto ask = [failure = unavailable()](Retry& retry, CallContext& call) {
        Retry::Call mine;
        call.attempt = 1;
        benchmark::DoNotOptimize(retry.admit(mine, call).answer);
        benchmark::DoNotOptimize(retry.settle(mine, call, &failure).answer);
        call.attempt = 2;
        benchmark::DoNotOptimize(retry.settle(mine, call, nullptr).answer);
    };
    // repeats of every call are more than a budget allows
    measure_asked("retry_repeat", Retry{{.budget = std::nullopt}}, 1us, ask);
}

void measure_hedge(const char* name, Hedge hedge) {
    measure_asked(name, std::move(hedge), 1us, [](Hedge& asked, CallContext& call) {
        Hedge::Call mine;
        benchmark::DoNotOptimize(asked.admit(mine, call).answer);
        benchmark::DoNotOptimize(asked.next_branch(mine, call, 1).answer);
        const BranchEnd end{.attempt_began = call.attempt_began};
        call.now += 1us;
        asked.branch_ended(mine, call, end);
        benchmark::DoNotOptimize(asked.settle(mine, call, nullptr).answer);
    });
}

/// Lists a throttle at an origin that accepts nothing: most calls are refused here, the rest fail.
void measure_losing_throttle() {
    const auto ask = [failure = unavailable()](AdaptiveThrottle& throttle, CallContext& call) {
        AdaptiveThrottle::Call mine;
        if (throttle.admit(mine, call).answer == Admission::Answer::proceed) {
            benchmark::DoNotOptimize(throttle.settle(mine, call, &failure).answer);
        }
    };
    measure_asked("adaptive_throttle_losing", AdaptiveThrottle{}, 1us, ask);
}

void add_limits() {
    measure_policy("limit", ConcurrencyLimit{});
    measure_policy("adaptive_concurrency", AdaptiveConcurrency{});
    measure_policy("adaptive_concurrency_aimd", AdaptiveConcurrency{{.algorithm = LimitAlgorithm::aimd}});
    measure_policy("adaptive_throttle", AdaptiveThrottle{});
    measure_losing_throttle();
    // a token comes for each call
    const RateLimiterOptions rate{.rate = 1'000, .period = 1ms, .burst = 1'000, .max_wait = 0s};
    RateLimiterOptions keyed = rate;
    keyed.key = by_client;
    measure_policy("rate_limiter", RateLimiter{rate});
    measure_policy("rate_limiter_keyed", RateLimiter{keyed});
    measure_refusal("rate_limiter_empty", RateLimiter{{.rate = 1, .burst = 1, .max_wait = 0s}}, Failure{});
}

} // namespace

void add_policies() {
    measure_policy("total_timeout", TotalTimeout{});
    measure_policy("retry", Retry{{.budget = std::nullopt}});
    measure_policy("retry_and_budget", Retry{});
    measure_repeat();
    measure_budget("retry_budget", RetryBudget{});
    measure_budget("grpc_retry_budget", grpc_retry_budget());
    measure_budget("aws_retry_budget", aws_retry_budget());
    measure_budget("finagle_retry_budget", finagle_retry_budget());
    measure_hedge("hedge", Hedge{{.delay = Duration{50ms}}});
    measure_hedge("hedge_quantile", Hedge{});
    measure_policy("credentials", Credentials{}); // of a client whose token needs none
    measure_policy("cool_down", CoolDown{});
    measure_refusal("cool_down_closed", CoolDown{}, unavailable());
    measure_policy("breaker_closed", CircuitBreaker{{.unkeyed = true}});
    measure_policy("breaker_keyed", CircuitBreaker{});
    measure_refusal("breaker_open", CircuitBreaker{{.unkeyed = true}}, unavailable());
    add_limits();
    measure_policy("attempt_timeout", AttemptTimeout{});
    measure_policy("chaos", Chaos::for_tests({.failure_rate = 1e-9, .latency_rate = 1e-9, .latency = 1ms}));
}

} // namespace backstay::bench
