#include <backstay/policy/adaptive_throttle.hpp>

#include "support/catch.hpp"

#include "support/policy_call.hpp"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// A throttle with a clock, and calls of it.
class Bench {
public:
    explicit Bench(const AdaptiveThrottleOptions& options = AdaptiveThrottleOptions()) : policy(options) {
        settings.key.origin = "https://api.example.com:443";
        settings.observer = &log;
    }

    /// Makes a whole call; false when it was refused.
    bool make(const Failure* failure, Duration took = 0s) {
        PolicyCall<AdaptiveThrottle> call(policy, now, settings, ++seeds_);
        last = call.admit();
        if (last.answer != Admission::Answer::proceed) {
            return false;
        }
        call.begin_attempt();
        now += took;
        call.settle(failure);
        return true;
    }
    bool succeed() { return make(nullptr); }
    bool fail(const Failure& failure = reply(503), Duration took = 0s) { return make(&failure, took); }

    /// Makes so many calls of this priority that fail; how many of them were refused here.
    int refused_of(int calls, Priority priority = Priority::normal) {
        settings.priority = priority;
        int refused = 0;
        for (int i = 0; i < calls; ++i) {
            refused += fail() ? 0 : 1;
        }
        settings.priority = Priority::normal;
        return refused;
    }

    [[nodiscard]] AdaptiveThrottleSnapshot snapshot() const { return policy.snapshot(now, settings.key); }

    TimePoint now = start_of_test;
    EventLog log;
    CallSettings settings;
    AdaptiveThrottle policy;
    Admission last{};

private:
    std::uint64_t seeds_ = 0;
};

void succeed(Bench& bench, int times) {
    for (int i = 0; i < times; ++i) {
        bench.succeed();
    }
}

std::string complaint(const AdaptiveThrottleOptions& options) {
    try {
        const AdaptiveThrottle policy(options);
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("options of a throttle out of range are named", "[adaptive_throttle]") {
    CHECK(complaint({}).empty());
    CHECK(complaint({.k = 0.9}) == "AdaptiveThrottleOptions.k is 0.9, allowed is 1 to 1000");
    CHECK(complaint({.critical_k = 1.9}) ==
          "AdaptiveThrottleOptions.critical_k is 1.9, allowed is k to 1000");
    CHECK(complaint({.sheddable_k = 2.1}) == "AdaptiveThrottleOptions.sheddable_k is 2.1, allowed is 1 to k");
    CHECK(complaint({.max_refusal = 1}) ==
          "AdaptiveThrottleOptions.max_refusal is 1, allowed is 0 to below 1");
    CHECK(complaint({.window = 119ms}) ==
          "AdaptiveThrottleOptions.window is 119 ms, allowed is 120 ms to 24 h");
    CHECK(complaint({.minimum_requests = -1}) ==
          "AdaptiveThrottleOptions.minimum_requests is -1, allowed is 0 or more");
    CHECK(complaint({.min_observed = -1s}) ==
          "AdaptiveThrottleOptions.min_observed is -1 s, allowed is 0 s or longer");
    CHECK(complaint({.max_keys = 0}) == "AdaptiveThrottleOptions.max_keys is 0, allowed is 1 or more");
}

TEST_CASE("a throttle describes itself", "[adaptive_throttle]") {
    CHECK(AdaptiveThrottle().describe().name == "adaptive_throttle");
    CHECK(AdaptiveThrottle().describe().settings ==
          "refuses up to 90 % when less than 1 in 2 (critical 4, sheddable 1.5) was accepted in 2 min");
    CHECK(AdaptiveThrottle({.key = nullptr, .dry_run = true}).describe().settings ==
          "refuses up to 90 % when less than 1 in 2 (critical 4, sheddable 1.5) was accepted in 2 min, one "
          "throttle for all, dry run");
}

TEST_CASE("the share that is refused is what the formula says", "[adaptive_throttle]") {
    Bench bench;
    succeed(bench, 40);
    CHECK(bench.snapshot().refusal == 0);
    CHECK(bench.refused_of(40) == 0); // 80 requests, 40 accepts: not yet
    CHECK(bench.snapshot().requests == 80);
    CHECK(bench.snapshot().accepts == 40);
    CHECK(bench.snapshot().refusal == 0);
    bench.fail();
    CHECK(bench.snapshot().refusal == Approx(1.0 / 82));
    bench.refused_of(79);
    CHECK(bench.snapshot().refusal == Approx(80.0 / 161)); // 160 requests
}

TEST_CASE("a throttle that refuses says so and names no time: nobody knows it", "[adaptive_throttle]") {
    Bench bench;
    bench.refused_of(50);
    while (bench.fail()) {
    }
    CHECK(bench.last.failure.kind == FailureKind::throttled);
    CHECK(bench.last.failure.refused_by == RefusedBy::adaptive_throttle);
    CHECK(bench.last.failure.reach == Reach::refused_here);
    CHECK_FALSE(bench.last.failure.is(Failure::has_hint));
}

TEST_CASE("trap: local refusals count as requests and never as accepts", "[adaptive_throttle]") {
    Bench bench;
    const int refused = bench.refused_of(100);
    REQUIRE(refused > 0);
    CHECK(bench.snapshot().requests == 100);
    CHECK(bench.snapshot().accepts == 0);
    CHECK(bench.snapshot().refused == static_cast<std::uint64_t>(refused));
}

TEST_CASE("trap: never more than nine in ten are refused, so it goes on probing", "[adaptive_throttle]") {
    Bench bench;
    bench.refused_of(1'000);
    CHECK(bench.snapshot().refusal == 0.9);
    const int refused = bench.refused_of(10'000);
    CHECK(refused > 8'800);
    CHECK(refused < 9'200);
}

TEST_CASE("an origin that accepts a part is sent k times as much, and the rest is refused here",
          "[adaptive_throttle]") {
    Bench bench;
    int sent = 0;
    for (int second = 0; second < 600; ++second) {
        int accepted_now = 0; // it accepts 20 a second and refuses the others, of 100
        for (int i = 0; i < 100; ++i) {
            const bool through = accepted_now < 20 ? bench.succeed() : bench.fail();
            accepted_now += through && accepted_now < 20 ? 1 : 0;
            sent += through && second >= 300 ? 1 : 0;
        }
        bench.now += 1s;
    }
    CHECK(sent / 300.0 == Approx(40).epsilon(0.1));
}

TEST_CASE("what was counted leaves the window after two minutes", "[adaptive_throttle]") {
    Bench bench;
    bench.refused_of(100);
    bench.now += 60s;
    succeed(bench, 1);
    const std::uint64_t then = bench.snapshot().requests;
    bench.now += 59s;
    CHECK(bench.snapshot().requests == then);
    bench.now += 1s;
    CHECK(bench.snapshot().requests <= 1);
    CHECK(bench.snapshot().refusal == 0);
    CHECK(bench.refused_of(5) == 0);
}

TEST_CASE("any answer that is no overload is an accept: the origin worked on it", "[adaptive_throttle]") {
    const Failure undecoded{.kind = FailureKind::decode_error, .reach = Reach::answered, .status = 200};
    for (const Failure& answer : {reply(404), reply(401), reply(409), reply(500), reply(501), undecoded}) {
        CAPTURE(answer.status);
        Bench bench;
        bench.fail(answer);
        CHECK(bench.snapshot().requests == 1);
        CHECK(bench.snapshot().accepts == 1);
    }
}

TEST_CASE("overload and what was lost without an answer are requests and no accepts", "[adaptive_throttle]") {
    for (const Failure& failure :
         {reply(429), reply(503), reply(504), lost(FailureKind::attempt_timeout), lost(),
          lost(FailureKind::deadline_exceeded), lost(FailureKind::connect_failed, Reach::never_sent)}) {
        CAPTURE(to_string(failure.kind));
        Bench bench;
        bench.fail(failure, 1s);
        CHECK(bench.snapshot().requests == 1);
        CHECK(bench.snapshot().accepts == 0);
    }
}

TEST_CASE("what says nothing of the origin is neither request nor accept", "[adaptive_throttle]") {
    for (const Failure& failure :
         {lost(FailureKind::canceled), lost(FailureKind::canceled, Reach::answered),
          lost(FailureKind::exception), lost(FailureKind::invalid_request, Reach::never_sent),
          lost(FailureKind::deadline_exceeded), lost(FailureKind::attempt_timeout, Reach::never_sent),
          refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 1s)}) {
        CAPTURE(to_string(failure.kind));
        Bench bench;
        bench.fail(failure); // at once
        CHECK(bench.snapshot().requests == 0);
    }
    Bench bench;
    {
        PolicyCall<AdaptiveThrottle> call(bench.policy, bench.now, bench.settings);
        call.admit();
        call.begin_attempt();
    } // cancelled
    CHECK(bench.snapshot().requests == 0);
}

TEST_CASE("attempts under way are no proof of overload", "[adaptive_throttle]") {
    Bench bench;
    std::vector<std::unique_ptr<PolicyCall<AdaptiveThrottle>>> running;
    for (int i = 0; i < 100; ++i) {
        running.push_back(
            std::make_unique<PolicyCall<AdaptiveThrottle>>(bench.policy, bench.now, bench.settings));
        REQUIRE(running.back()->admit().answer == Admission::Answer::proceed);
    }
    CHECK(bench.snapshot().requests == 0);
}

TEST_CASE("the classifier says what a throttle takes for overload", "[adaptive_throttle]") {
    AdaptiveThrottleOptions options;
    options.classifier.set(FailureKind::server_error, {.overload = true});
    options.classifier.set(FailureKind::rate_limited, {});
    Bench bench(options);
    bench.fail(reply(500));
    CHECK(bench.snapshot().accepts == 0);
    bench.fail(reply(429));
    CHECK(bench.snapshot().accepts == 1);
}

TEST_CASE("a quiet client is not refused for its first failures", "[adaptive_throttle]") {
    Bench bench;
    CHECK(bench.refused_of(9) == 0);
    CHECK(bench.snapshot().refusal == 0);
    bench.fail();
    CHECK(bench.snapshot().refusal == 0.9); // 10 / 11, cut
    Bench by_the_formula({.minimum_requests = 0});
    by_the_formula.fail();
    CHECK(by_the_formula.snapshot().refusal == 0.5);
}

TEST_CASE("the lowest priority is refused first", "[adaptive_throttle]") {
    Bench bench;
    succeed(bench, 1'000);
    bench.refused_of(700, Priority::critical); // 1700 requests, 59 % accepted: less than 1 in 1.5
    CHECK(bench.refused_of(100, Priority::critical) == 0);
    CHECK(bench.refused_of(100, Priority::normal) == 0);
    CHECK(bench.refused_of(100, Priority::sheddable) > 0);

    bench.refused_of(1'500, Priority::critical); // 3500 requests, 29 %: less than 1 in 2
    CHECK(bench.refused_of(100, Priority::critical) == 0);
    const int normal = bench.refused_of(1'000, Priority::normal);
    CHECK(normal > 0);
    CHECK(bench.refused_of(1'000, Priority::sheddable) > normal);

    bench.refused_of(10'000, Priority::critical); // less than 1 in 4
    CHECK(bench.refused_of(1'000, Priority::critical) > 0);
}

TEST_CASE("one origin's overload does not refuse another's calls", "[adaptive_throttle]") {
    Bench bench;
    bench.refused_of(100);
    bench.settings.key.origin = "https://other.example.com:443";
    CHECK(bench.snapshot().requests == 0);
    CHECK(bench.refused_of(5) == 0);
    CHECK(bench.policy.snapshots(bench.now).size() == 2);
}

TEST_CASE("by option all calls share one throttle", "[adaptive_throttle]") {
    Bench bench({.key = nullptr});
    bench.refused_of(100);
    bench.settings.key.origin = "https://other.example.com:443";
    CHECK(bench.snapshot().requests == 100);
    const auto shown = bench.policy.snapshots(bench.now);
    REQUIRE(shown.size() == 1);
    CHECK(shown.front().key.empty());
    CHECK(shown.front().throttle.requests == 100);
}

TEST_CASE("a copy of a throttle shares all counts, a clone has its own", "[adaptive_throttle]") {
    Bench bench({.max_refusal = 0.8});
    bench.refused_of(100);
    const AdaptiveThrottle copy = bench.policy; // NOLINT(performance-unnecessary-copy-initialization)
    CHECK(copy.snapshot(bench.now, bench.settings.key).requests == 100);
    CHECK(copy.clone().snapshot(bench.now, bench.settings.key).requests == 0);
    CHECK(copy.clone().options().max_refusal == 0.8);
}

TEST_CASE("a dry run counts and reports what it would refuse, and lets it through", "[adaptive_throttle]") {
    Bench bench({.dry_run = true});
    CHECK(bench.refused_of(100) == 0);
    const auto reported = bench.log.count(EventType::refused);
    REQUIRE(reported > 50);
    CHECK(bench.log.last(EventType::refused)->dry_run);
    CHECK(bench.log.last(EventType::refused)->kind == FailureKind::throttled);
    CHECK(bench.log.last(EventType::refused)->refused_by == RefusedBy::adaptive_throttle);
    CHECK(bench.snapshot().refused == reported);
    CHECK(bench.snapshot().requests == 100); // each once
}

TEST_CASE("what a throttle refuses is the driver's to report", "[adaptive_throttle]") {
    Bench bench;
    REQUIRE(bench.refused_of(100) > 0);
    CHECK(bench.log.events.empty());
}

TEST_CASE("a clock read earlier that comes later loses no count", "[adaptive_throttle]") {
    Bench bench;
    bench.now += 10s;
    bench.fail();
    bench.now -= 5s;
    bench.fail();
    bench.succeed();
    CHECK(bench.snapshot().requests == 3);
}
