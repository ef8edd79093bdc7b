#pragma once

/// \file
/// One pipeline that holds every policy at once, what its calls meet, and what they leave behind.

#include "support/api_world.hpp"

#include <backstay/api/credentials.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/adaptive_concurrency.hpp>
#include <backstay/policy/adaptive_throttle.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/chaos.hpp>
#include <backstay/policy/hedge.hpp>
#include <backstay/policy/rate_limiter.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace backstay::test {

/// The handles: they outlive the world in which the calls run. Neither budget is fed, so that what is missing
/// in them has been spent.
struct EveryPolicy {
    struct Options {
        Duration total = 30s;
        RetryOptions retry{.backoff = {.base = 100ms},
                           .budget = RetryBudget({.deposit_ratio = 0, .floor_interval = 0s})};
        HedgeOptions hedge{.extra_ratio = 0};
        CoolDownOptions cool_down{};
        AdaptiveThrottleOptions throttle{};
        RateLimiterOptions rate_limiter{};
        CircuitBreakerOptions breaker{.open_jitter = 0, .wait_for_probe = true};
        ConcurrencyLimitOptions limit{};
        AdaptiveConcurrencyOptions adaptive{};
        Duration attempt = 8s;
        ChaosOptions chaos{};
    };

    explicit EveryPolicy(Options with)
        : total(with.total),
          budget(*with.retry.budget),
          retry(with.retry),
          hedge(asking(with.hedge, budget)),
          cool_down(with.cool_down),
          throttle(with.throttle),
          rate_limiter(with.rate_limiter),
          breaker(with.breaker),
          limit(with.limit),
          adaptive(with.adaptive),
          attempt(with.attempt),
          chaos(Chaos::for_tests(with.chaos)) {}

    [[nodiscard]] ResponsePipeline pipeline() const {
        return Pipeline{total,        retry,   Credentials{}, hedge,    cool_down, throttle,
                        rate_limiter, breaker, limit,         adaptive, attempt,   chaos};
    }

    TotalTimeout total;
    RetryBudget budget;
    Retry retry;
    Hedge hedge;
    CoolDown cool_down;
    AdaptiveThrottle throttle;
    RateLimiter rate_limiter;
    CircuitBreaker breaker;
    ConcurrencyLimit limit;
    AdaptiveConcurrency adaptive;
    AttemptTimeout attempt;
    Chaos chaos;

private:
    static HedgeOptions asking(HedgeOptions options, const RetryBudget& budget) {
        options.retry_budget = budget;
        return options;
    }
};

/// Follows calls by their events: how often each ended, and how many of the repeats and hedges that were
/// paid for were begun.
class Ledger final : public Observer {
public:
    struct Call {
        int begun = 0; ///< attempts
        int repeats = 0;
        int hedges = 0;
        int ended = 0;
        bool repeat_due = false;
    };
    std::map<std::string, Call> calls{}; ///< by operation

protected:
    void on_event(const Event& event) override {
        if (event.operation.empty()) {
            return; // it belongs to no call
        }
        Call& call = calls[std::string(event.operation)];
        switch (event.type) {
        case EventType::retry_scheduled:
            call.repeat_due = true;
            break;
        case EventType::hedge_sent:
            ++call.hedges;
            break;
        case EventType::attempt_started:
            ++call.begun;
            call.repeats += call.repeat_due ? 1 : 0;
            call.repeat_due = false;
            break;
        case EventType::call_ended:
            ++call.ended;
            break;
        default:
            break;
        }
    }
};

/// Answers each request as a plan says, a wrong token with 401; heeds deadline and stop.
class PlannedServer final : public Transport {
public:
    struct Answer {
        int status = 204;
        Duration takes = 10ms;
        int wait_seconds = 0; ///< in a Retry-After header; 0: none
    };
    /// `path` is that of the request, `number` counts the requests for it, from 1.
    using Plan = std::function<Answer(const std::string& path, int number)>;

    PlannedServer(Runtime& runtime, Plan plan) : runtime_(runtime), plan_(std::move(plan)) {}

    std::string valid = "token-1";
    int live = 0; ///< requests that are being answered

    asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                             CallContext& call) override {
        const Under under{live};
        const std::string path = request.url.target();
        const Answer answer = plan_(path, ++seen_[path]);
        const bool good = *request.fields.find("Authorization") == "Bearer " + valid;
        const TimePoint due = runtime_.now() + answer.takes;
        const auto executor = co_await asio::this_coro::executor;
        const auto parking = detail::Parking::make(runtime_, executor);
        const detail::Woken woken = co_await parking->wait(std::min(due, call.deadline.at), call.stop);
        if (woken != detail::Woken::time || due > call.deadline.at) {
            const auto kind = woken == detail::Woken::time      ? call.deadline.kind
                              : woken == detail::Woken::stopped ? call.stop->reason()
                                                                : FailureKind::canceled;
            co_return fail(TransportError{Failure{.kind = kind, .reach = Reach::maybe_processed}});
        }
        ResponseParts parts{.status = good ? answer.status : 401};
        if (answer.wait_seconds > 0) {
            parts.fields.add("Retry-After", std::to_string(answer.wait_seconds));
        }
        co_return Response{std::move(parts)};
    }

private:
    struct Under {
        explicit Under(int& counted) : count(counted) { ++count; }
        Under(const Under&) = delete;
        Under& operator=(const Under&) = delete;
        ~Under() { --count; }
        int& count;
    };

    Runtime& runtime_;
    Plan plan_;
    std::map<std::string, int> seen_;
};

} // namespace backstay::test
