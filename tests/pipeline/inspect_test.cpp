#include <backstay/pipeline/inspect.hpp>

#include "support/catch.hpp"
#include "support/policy_call.hpp"

#include <backstay/policy/adaptive_concurrency.hpp>
#include <backstay/policy/adaptive_throttle.hpp>
#include <backstay/policy/chaos.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/cool_down.hpp>
#include <backstay/policy/hedge.hpp>
#include <backstay/policy/rate_limiter.hpp>
#include <backstay/policy/retry.hpp>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

template <class T>
T value(const KeyedState& state, std::string_view name) {
    INFO(name);
    const StateValue* const found = state.find(name);
    REQUIRE(found != nullptr);
    return std::get<T>(*found);
}

CallSettings to_origin(std::string_view origin) {
    CallSettings settings;
    settings.key.origin = origin;
    return settings;
}

} // namespace

TEST_CASE("a breaker shows each origin's circuit", "[inspect]") {
    TimePoint now = start_of_test;
    const CircuitBreaker breaker({.consecutive_failures = 1, .open_jitter = 0});
    PolicyCall bad(breaker, now, to_origin("https://bad:443"));
    (void)bad.admit();
    bad.fail(reply(503));
    const auto states = inspect(breaker, now + 1s);
    REQUIRE(states.size() == 1);
    CHECK(states[0].key == "https://bad:443");
    CHECK(value<std::string>(states[0], "state") == "open");
    CHECK(value<std::int64_t>(states[0], "failures") == 1);
    CHECK(value<double>(states[0], "failure_ratio") == 1);
    CHECK(value<Duration>(states[0], "next_change") == 4s);
    CHECK(states[0].find("colour") == nullptr);
}

TEST_CASE("what never changes by time has no next change", "[inspect]") {
    TimePoint now = start_of_test;
    const CircuitBreaker breaker({.unkeyed = true});
    CHECK(inspect(breaker, now).at(0).find("next_change") == nullptr);
}

TEST_CASE("a cool-down shows each gate", "[inspect]") {
    TimePoint now = start_of_test;
    const CoolDown cool_down;
    PolicyCall call(cool_down, now, to_origin("https://a:443"));
    (void)call.admit();
    call.fail(reply(429, 10s));
    const auto states = inspect(cool_down, now + 1s);
    REQUIRE(states.size() == 1);
    CHECK(value<std::string>(states[0], "state") == "closed");
    CHECK(value<Duration>(states[0], "remaining") == 9s);
    CHECK(value<std::int64_t>(states[0], "closings") == 1);
}

TEST_CASE("a retry and its budget show switch and tokens", "[inspect]") {
    TimePoint now = start_of_test;
    Retry retry;
    CHECK(value<bool>(inspect(retry, now).at(0), "on"));
    CHECK(value<std::int64_t>(inspect(retry, now).at(0), "max_attempts") == 3);
    retry.switch_off();
    CHECK_FALSE(value<bool>(inspect(retry, now).at(0), "on"));

    PolicyCall call(retry.clone(), now, to_origin("https://a:443"));
    (void)call.admit();
    call.fail(reply(503));
    const auto states = inspect(*call.policy().options().budget, now);
    REQUIRE(states.size() == 2); // of calls without a key, and of that origin
    CHECK(value<double>(states[0], "tokens") == 3);
    CHECK(states[1].key == "https://a:443");
    CHECK(value<double>(states[1], "tokens") == 2);
    CHECK(value<std::int64_t>(states[1], "withdrawn") == 1);
}

TEST_CASE("limits show what is in flight and queued", "[inspect]") {
    TimePoint now = start_of_test;
    const ConcurrencyLimit limit({.limit = 1});
    const AdaptiveConcurrency adaptive;
    const RateLimiter limiter({.rate = 1, .burst = 1});
    PolicyCall in_limit(limit, now);
    PolicyCall waiting(limit, now);
    PolicyCall in_adaptive(adaptive, now);
    PolicyCall in_limiter(limiter, now);
    (void)in_limit.admit();
    (void)waiting.admit();
    (void)in_adaptive.admit();
    (void)in_limiter.admit();
    CHECK(value<std::int64_t>(inspect(limit, now).at(0), "in_flight") == 1);
    CHECK(value<std::int64_t>(inspect(limit, now).at(0), "queued") == 1);
    CHECK(value<std::int64_t>(inspect(adaptive, now).at(0), "in_flight") == 1);
    CHECK(value<std::int64_t>(inspect(limiter, now).at(0), "tokens") == 0);
    CHECK(value<Duration>(inspect(limiter, now).at(0), "next_token") == 1s);
}

TEST_CASE("a throttle, a hedge and chaos show their counts", "[inspect]") {
    TimePoint now = start_of_test;
    const AdaptiveThrottle throttle;
    PolicyCall call(throttle, now, to_origin("https://a:443"));
    (void)call.admit();
    call.succeed();
    CHECK(value<std::int64_t>(inspect(throttle, now).at(0), "requests") == 1);
    CHECK(value<std::int64_t>(inspect(throttle, now).at(0), "accepts") == 1);

    CHECK(value<Duration>(inspect(Hedge({.delay = 50ms}), now).at(0), "delay") == 50ms);
    CHECK(inspect(Hedge(), now).at(0).find("delay") == nullptr);
    CHECK(value<std::int64_t>(inspect(Hedge(), now).at(0), "sent") == 0);
    CHECK(value<bool>(inspect(Chaos::for_tests({}), now).at(0), "enabled"));
}
