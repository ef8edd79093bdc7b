#include <backstay/policy/chaos.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"
#include "support/policy_call.hpp"
#include "support/probe_policy.hpp"

#include <backstay/pipeline/named.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/hedge.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <string>
#include <utility>
#include <vector>

// What is injected must reach the stages outside as if the server had caused it.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

/// Takes 10 ms and succeeds; heeds what an operation should.
struct Healthy {
    World* world;
    int* calls;
    asio::awaitable<R> operator()(CallContext& call) {
        ++*calls;
        const int number = call.attempt;
        co_await nap(world->runtime, 10ms, call.stop);
        co_return number;
    }
};

/// Heeds neither deadline nor stop.
struct Deaf {
    static constexpr bool needs_guard = true;
    World* world;
    asio::awaitable<R> operator()(CallContext&) const {
        const detail::Woken woken = co_await nap(world->runtime, 1h);
        if (woken != detail::Woken::time) {
            co_return fail(lost(FailureKind::canceled));
        }
        co_return 1;
    }
};

struct Scene {
    World world;
    EventLog log;
    CallSettings settings;
    int operations = 0;
    TimePoint began = world.now();

    Scene() { settings.observer = &log; }

    template <class... P>
    R run_call(P... stages) {
        const Pipeline pipeline{std::move(stages)...};
        const R outcome = run(world, pipeline.run(world.runtime, settings, Healthy{&world, &operations}));
        CHECK(world.runtime.armed() == 0);
        return outcome;
    }
    [[nodiscard]] Duration took() { return world.now() - began; }
};

/// Notes what it is settled with.
struct Seen {
    std::vector<Failure> failures;
    std::vector<Duration> durations;
    ProbePolicy policy{"probe"};

    Seen() {
        policy->on_settle = [this](CallContext& call, const Failure* failure) {
            failures.push_back(failure != nullptr ? *failure : Failure{});
            durations.push_back(call.now - call.attempt_began);
            return Verdict::pass();
        };
    }
};

Retry without_waits(int attempts) {
    RetryOptions options;
    options.max_attempts = attempts;
    options.backoff.base = 0s;
    options.budget.reset();
    return Retry(std::move(options));
}

} // namespace

TEST_CASE("an injected failure is an attempt's outcome to the stages outside, and no request is made",
          "[chaos][driver]") {
    Scene scene;
    Seen seen;
    const Failure chosen = lost(FailureKind::connection_lost);
    const R outcome = scene.run_call(seen.policy, Chaos::for_tests({.failure_rate = 1, .failure = chosen}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == FailureKind::connection_lost);
    CHECK(outcome.error().reach == Reach::maybe_processed);
    CHECK(outcome.error().refused_by == RefusedBy::none);
    CHECK(seen.failures == std::vector{chosen});
    CHECK(scene.operations == 0);
    CHECK(scene.log.count(EventType::attempt_started) == 1);
    CHECK(scene.log.count(EventType::attempt_ended) == 1);
    CHECK(scene.log.last(EventType::attempt_ended)->kind == FailureKind::connection_lost);
    CHECK(scene.log.last(EventType::chaos_injected)->attempt == 1);
    CHECK(scene.log.count(EventType::refused) == 0);
}

TEST_CASE("an injected failure is repeated, and counted as an attempt", "[chaos][driver]") {
    Scene scene;
    const R outcome = scene.run_call(without_waits(3), Chaos::for_tests({.failure_rate = 1}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().stop_reason == StopReason::attempts_exhausted);
    CHECK(scene.log.count(EventType::attempt_ended) == 3);
    CHECK(scene.log.last(EventType::call_ended)->attempt == 3);
}

TEST_CASE("what befell one attempt does not befall the next", "[chaos][driver]") {
    Scene scene;
    for (int i = 0; i < 10; ++i) {
        CHECK(scene.run_call(without_waits(0), Chaos::for_tests({.failure_rate = 0.5})));
    }
    CHECK(scene.operations == 10);
    CHECK(scene.log.count(EventType::attempt_ended) > 12);
}

TEST_CASE("an unsafe call is not repeated after an injected loss: as after a real one", "[chaos][driver]") {
    Scene scene;
    scene.settings.safe_to_repeat = false;
    R outcome = scene.run_call(without_waits(3), Chaos::for_tests({.failure_rate = 1}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().stop_reason == StopReason::unsafe_to_repeat);
    const Failure never_left = lost(FailureKind::connect_failed, Reach::never_sent);
    outcome = scene.run_call(without_waits(3), Chaos::for_tests({.failure_rate = 1, .failure = never_left}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().stop_reason == StopReason::attempts_exhausted);
}

TEST_CASE("an injected 503 with a wait is obeyed as the server's", "[chaos][driver]") {
    Scene scene;
    RetryOptions options;
    options.hint_jitter_ratio = 0;
    options.max_attempts = 2;
    const R outcome = scene.run_call(Retry(options), Chaos::for_tests({.status_rate = 1, .server_wait = 3s}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().status == 503);
    CHECK(outcome.error().reach == Reach::answered);
    CHECK(scene.took() == 3s);
}

TEST_CASE("a breaker opens on injected failures", "[chaos][driver]") {
    Scene scene;
    const CircuitBreaker breaker;
    for (int i = 0; i < 5; ++i) {
        (void)scene.run_call(breaker, Chaos::for_tests({.failure_rate = 1}));
    }
    CHECK(breaker.snapshot(scene.world.now()).state == CircuitState::open);
}

TEST_CASE("an attempt that is held up runs then, and its time is the attempt's", "[chaos][driver]") {
    Scene scene;
    Seen seen;
    const R outcome = scene.run_call(seen.policy, Chaos::for_tests({.latency_rate = 1, .latency = 300ms}));
    CHECK(outcome == 1);
    CHECK(scene.operations == 1);
    CHECK(scene.took() == 310ms);
    CHECK(seen.durations == std::vector<Duration>{310ms});
    CHECK(scene.log.last(EventType::attempt_ended)->duration == 310ms);
}

TEST_CASE("an attempt may be held up and fail then", "[chaos][driver]") {
    Scene scene;
    Seen seen;
    (void)scene.run_call(seen.policy,
                         Chaos::for_tests({.failure_rate = 1, .latency_rate = 1, .latency = 300ms}));
    CHECK(scene.operations == 0);
    CHECK(seen.durations == std::vector<Duration>{300ms});
    CHECK(seen.failures.front().kind == FailureKind::connection_lost);
}

TEST_CASE("an attempt that is held up for too long is timed out as a slow server's", "[chaos][driver]") {
    Scene scene;
    scene.settings.safe_to_repeat = false;
    Seen seen;
    const R outcome = scene.run_call(without_waits(3), seen.policy, AttemptTimeout(1s),
                                     Chaos::for_tests({.latency_rate = 1, .latency = 10s}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == FailureKind::attempt_timeout);
    CHECK(outcome.error().reach == Reach::maybe_processed);
    CHECK(outcome.error().stop_reason == StopReason::unsafe_to_repeat);
    CHECK(seen.durations == std::vector<Duration>{1s});
    CHECK(scene.log.count(EventType::timed_out) == 1);
    CHECK(scene.took() == 1s);
}

TEST_CASE("the call's deadline ends an attempt that is held up", "[chaos][driver]") {
    Scene scene;
    const R outcome = scene.run_call(TotalTimeout(2s), without_waits(3),
                                     Chaos::for_tests({.latency_rate = 1, .latency = 10s}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == FailureKind::deadline_exceeded);
    CHECK(scene.took() == 2s);
}

TEST_CASE("a stop and a cancel end an attempt that is held up", "[chaos][driver]") {
    for (const bool stopped : {true, false}) {
        Scene scene;
        StopSignal stop;
        scene.settings.stop = &stop;
        const Pipeline pipeline{without_waits(3), Chaos::for_tests({.latency_rate = 1, .latency = 10s})};
        Started<R> started;
        start(scene.world, started,
              pipeline.run(scene.world.runtime, scene.settings, Healthy{&scene.world, &scene.operations}));
        scene.world.run_for(1s);
        REQUIRE_FALSE(started.ended());
        if (stopped) {
            stop.request(FailureKind::client_closed);
        } else {
            started.cancel.emit(asio::cancellation_type::terminal);
        }
        scene.world.run_for(0s);
        REQUIRE(started.ended());
        REQUIRE(started.outcome);
        REQUIRE_FALSE(*started.outcome);
        CHECK(started.outcome->error().kind ==
              (stopped ? FailureKind::client_closed : FailureKind::canceled));
        CHECK(scene.operations == 0);
        CHECK(scene.world.runtime.armed() == 0);
    }
}

TEST_CASE("a hedge overtakes an attempt that is held up, and draws its own chaos", "[chaos][hedge][driver]") {
    HedgeOptions options;
    options.delay = 100ms;
    int overtaken = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        World world(seed);
        int operations = 0;
        EventLog log;
        CallSettings settings;
        settings.observer = &log;
        const Pipeline pipeline{Hedge(options), Chaos::for_tests({.latency_rate = 0.5, .latency = 10s})};
        const TimePoint began = world.now();
        const R outcome = run(world, pipeline.run(world.runtime, settings, Healthy{&world, &operations}));
        REQUIRE(outcome);
        const Duration took = world.now() - began;
        CHECK((took == 10ms || took == 110ms || took == 10s + 10ms));
        overtaken += took == 110ms ? 1 : 0;
        CHECK((log.count(EventType::hedge_sent) == 0) == (took == 10ms));
    }
    CHECK(overtaken > 5);
}

TEST_CASE("a hedge follows an injected failure at once", "[chaos][hedge][driver]") {
    Scene scene;
    const R outcome = scene.run_call(Hedge(), Chaos::for_tests({.failure_rate = 1}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == FailureKind::connection_lost);
    CHECK(scene.log.count(EventType::attempt_started) == 2);
    CHECK(scene.operations == 0);
}

TEST_CASE("a call may pass chaos by", "[chaos][driver]") {
    Scene scene;
    scene.settings.overrides.without.add(Stage::chaos);
    CHECK(scene.run_call(Chaos::for_tests({.failure_rate = 1})) == 1);
    CHECK(scene.log.count(EventType::chaos_injected) == 0);
}

TEST_CASE("two kinds of chaos may stand in one pipeline under names", "[chaos][driver]") {
    Scene scene;
    const Named<"slow", Chaos> slow{Chaos::for_tests({.latency_rate = 1, .latency = 100ms})};
    CHECK(scene.run_call(slow, Chaos::for_tests({.failure_rate = 0})) == 1);
    CHECK(scene.took() == 110ms);
    CHECK_FALSE(scene.run_call(slow, Chaos::for_tests({.failure_rate = 1})));
}

TEST_CASE("an operation that needs a guard has it behind chaos too", "[chaos][driver]") {
    World world;
    const Pipeline pipeline{AttemptTimeout(1s), Chaos::for_tests({.latency_rate = 1, .latency = 300ms})};
    const TimePoint began = world.now();
    const R outcome = run(world, pipeline.run(world.runtime, {}, Deaf{&world}));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == FailureKind::attempt_timeout);
    CHECK(world.now() - began == 1s);
}

TEST_CASE("the same seed gives the same chaos", "[chaos][driver]") {
    const auto digest = [](std::uint64_t seed) {
        World world(seed);
        const Pipeline pipeline{
            without_waits(4),
            Chaos::for_tests(
                {.failure_rate = 0.5, .latency_rate = 0.5, .latency = 10ms, .latency_spread = 1s})};
        int operations = 0;
        for (int i = 0; i < 20; ++i) {
            (void)run(world, pipeline.run(world.runtime, {}, Healthy{&world, &operations}));
        }
        return world.now().time_since_epoch();
    };
    CHECK(digest(1) == digest(1));
    CHECK(digest(1) != digest(2));
}
