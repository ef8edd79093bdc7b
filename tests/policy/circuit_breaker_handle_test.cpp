#include <backstay/policy/circuit_breaker.hpp>

#include "support/catch.hpp"

#include "breaker_test_bench.hpp"

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// What the constructor says of these options; empty when it takes them.
std::string complaint(const CircuitBreakerOptions& options) {
    try {
        const CircuitBreaker breaker(options);
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("options out of range are named with their value and what is allowed", "[circuit_breaker]") {
    CHECK(complaint({}).empty());
    CHECK(complaint({.failure_ratio = 0}) ==
          "CircuitBreakerOptions.failure_ratio is 0, allowed is above 0, at most 1");
    CHECK(complaint({.open_for = 2min}) ==
          "CircuitBreakerOptions.open_for is 2 min, allowed is 1 ms to 1 min");

    const auto names = [](const CircuitBreakerOptions& options, std::string_view field) {
        return complaint(options).find(field) != std::string::npos;
    };
    CHECK(names({.window_length = 9ms}, "window_length"));
    CHECK(names({.window_calls = 0}, "window_calls"));
    CHECK(names({.minimum_calls = 0}, "minimum_calls"));
    CHECK(names({.window = CircuitWindow::count, .window_calls = 10, .minimum_calls = 11}, "minimum_calls"));
    CHECK(names({.failure_ratio = 1.01}, "failure_ratio"));
    CHECK(names({.failure_ratio = std::numeric_limits<double>::quiet_NaN()}, "failure_ratio"));
    CHECK(names({.consecutive_failures = -1}, "consecutive_failures"));
    CHECK(names({.window = CircuitWindow::consecutive, .consecutive_failures = 0}, "consecutive_failures"));
    CHECK(names({.slow_ratio = -0.1}, "slow_ratio"));
    CHECK(names({.slow_ratio = 0.5}, "slow_after"));
    CHECK(names({.open_for = 0s}, "open_for"));
    CHECK(names({.longest_open_for = 6min}, "longest_open_for"));
    CHECK(names({.open_jitter = 0.6}, "open_jitter"));
    CHECK(names({.max_open = 0s}, "max_open"));
    CHECK(names({.probes = 0}, "probes"));
    CHECK(names({.probe_successes = 0}, "probe_successes"));
    CHECK(names({.probe_lease = 0s}, "probe_lease"));
    CHECK(names({.min_observed = -1s}, "min_observed"));
    CHECK(names({.key = nullptr}, "key"));
    CHECK(names({.max_keys = 0}, "max_keys"));
}

TEST_CASE("a breaker describes its settings in words", "[circuit_breaker]") {
    const StageDescription standard = CircuitBreaker().describe();
    CHECK(standard.name == "circuit_breaker");
    CHECK(standard.settings ==
          "opens at 50 % failures of at least 20 calls in 30 s or, with fewer calls, at 5 "
          "failures in a row, for 5 s .. 1 min, then 3 probes of which 2 close it");
    CHECK(CircuitBreaker({.window = CircuitWindow::consecutive, .unkeyed = true}).describe().settings ==
          "opens at 5 failures in a row, for 5 s .. 1 min, then 3 probes of which 2 close it, one circuit "
          "for all");
    CHECK(
        CircuitBreaker(
            {.window = CircuitWindow::count, .consecutive_failures = 0, .slow_ratio = 0.25, .slow_after = 2s})
            .describe()
            .settings.find("at least 20 of the last 100 calls or at 25 % slower than 2 s, for") !=
        std::string::npos);
}

TEST_CASE("states have names", "[circuit_breaker]") {
    CHECK(to_string(CircuitState::half_open) == "half_open");
    CHECK(to_string(CircuitState::isolated) == "isolated");
}

TEST_CASE("a copy shares the circuit, a clone begins afresh", "[circuit_breaker]") {
    BreakerBench bench;
    const CircuitBreaker copy = bench.breaker;
    const CircuitBreaker clone = bench.breaker.clone();
    bench.open();
    CHECK(copy.snapshot(bench.now).state == CircuitState::open);
    CHECK(clone.snapshot(bench.now).state == CircuitState::closed);
    CHECK(clone.options().unkeyed);
}

TEST_CASE("each origin has its own circuit", "[circuit_breaker]") {
    BreakerBench bench(CircuitBreakerOptions{});
    bench.settings.key = {.origin = "https://sick", .partition = "1", .operation = "get"};
    bench.open();
    bench.settings.key.origin = "https://well";
    CHECK(bench.succeed());

    CHECK(bench.breaker.snapshot(bench.now, {.origin = "https://sick"}).state == CircuitState::open);
    CHECK(bench.breaker.snapshot(bench.now, {.origin = "https://well"}).calls == 1);
    CHECK(bench.breaker.snapshot(bench.now, {.origin = "https://unknown"}).state == CircuitState::closed);
    CHECK(bench.breaker.snapshots(bench.now).size() == 2); // looking made none
}

TEST_CASE("a key function parts the circuits further", "[circuit_breaker]") {
    BreakerBench bench(CircuitBreakerOptions{.key = by_origin_and_partition});
    bench.settings.key = {.origin = "https://a", .partition = "eu"};
    bench.open();
    bench.settings.key.partition = "us";
    CHECK(bench.succeed());
    for (const KeyedCircuitSnapshot& shown : bench.breaker.snapshots(bench.now)) {
        CHECK(shown.circuit.state ==
              (shown.key == "https://a partition=eu" ? CircuitState::open : CircuitState::closed));
    }
}

TEST_CASE("an unkeyed breaker has one circuit for all", "[circuit_breaker]") {
    BreakerBench bench;
    bench.settings.key.origin = "https://a";
    bench.open();
    bench.settings.key.origin = "https://b";
    CHECK_FALSE(bench.succeed());
    REQUIRE(bench.breaker.snapshots(bench.now).size() == 1);
    CHECK(bench.breaker.snapshots(bench.now).front().key.empty());
}

TEST_CASE("beyond max_keys the circuit that nobody used for longest is forgotten", "[circuit_breaker]") {
    CircuitBreakerOptions options;
    options.max_keys = 2;
    BreakerBench bench(options);
    bench.settings.key.origin = "a";
    bench.open();
    auto under_way = bench.call();
    for (const char* origin : {"b", "c", "d"}) {
        bench.settings.key.origin = origin;
        bench.succeed();
    }
    CHECK(bench.breaker.snapshots(bench.now).size() == 2);
    CHECK(bench.breaker.snapshot(bench.now, {.origin = "a"}).state == CircuitState::closed); // forgotten
}

TEST_CASE("a call under way keeps its circuit", "[circuit_breaker]") {
    CircuitBreakerOptions options;
    options.max_keys = 1;
    BreakerBench bench(options);
    bench.settings.key.origin = "a";
    auto under_way = bench.call();
    REQUIRE(proceeds(under_way.admit()));
    const std::string other = "b";
    bench.settings.key.origin = other;
    bench.succeed();
    under_way.fail(reply(500));
    CHECK(bench.breaker.snapshot(bench.now, {.origin = "a"}).failures == 1);
}

TEST_CASE("trap: an open time that is over shows as half-open before any call came (Polly#481)",
          "[circuit_breaker]") {
    BreakerBench bench;
    bench.open();
    CHECK(bench.snapshot().state == CircuitState::open);
    CHECK(bench.snapshot().next_change == bench.now + 5s);
    bench.now += 5s;
    CHECK(bench.snapshot().state == CircuitState::half_open);
    CHECK(bench.snapshot().next_change == end_of_time);
    CHECK(bench.log.count(EventType::circuit_half_open) == 0);
}

TEST_CASE("isolation refuses every key until the last handle is gone", "[circuit_breaker]") {
    BreakerBench bench(CircuitBreakerOptions{});
    std::optional first(bench.breaker.isolate());
    auto second = bench.breaker.isolate();
    CHECK_FALSE(bench.succeed());
    CHECK(bench.last.failure.kind == FailureKind::circuit_open);
    CHECK(bench.last.failure.refused_by == RefusedBy::circuit_breaker);
    CHECK_FALSE(bench.last.failure.is(Failure::has_hint)); // nobody knows when
    CHECK(bench.state() == CircuitState::isolated);
    CHECK(bench.snapshot().next_change == end_of_time);

    first.reset();
    CHECK_FALSE(bench.succeed());
    second.release();
    CHECK(bench.succeed());
    CHECK(bench.state() == CircuitState::closed);
}

TEST_CASE("an isolation ends when its time has come, the longest one counts", "[circuit_breaker]") {
    BreakerBench bench;
    const auto longer = bench.breaker.isolate(bench.now + 10s);
    const auto shorter = bench.breaker.isolate(bench.now + 1s);
    bench.now += 4s;
    CHECK_FALSE(bench.succeed());
    CHECK(bench.last.failure.hint == 6s);
    CHECK(bench.snapshot().next_change == bench.now + 6s);
    bench.now += 6s;
    CHECK(bench.succeed());
}

TEST_CASE("a moved isolation holds on, an assigned one lets go of what it held", "[circuit_breaker]") {
    BreakerBench bench;
    BreakerBench other;
    auto isolation = bench.breaker.isolate();
    CircuitBreaker::Isolation moved(std::move(isolation));
    CHECK(bench.state() == CircuitState::isolated);
    moved = other.breaker.isolate();
    CHECK(bench.state() == CircuitState::closed);
    CHECK(other.state() == CircuitState::isolated);
    CircuitBreaker::Isolation nothing;
    nothing.release();
}

TEST_CASE("an isolation may outlive the breaker", "[circuit_breaker]") {
    CircuitBreaker::Isolation isolation;
    {
        CircuitBreaker breaker;
        isolation = breaker.isolate();
    }
    isolation.release();
}

TEST_CASE("calls under way are counted while it is isolated", "[circuit_breaker]") {
    BreakerBench bench;
    auto call = bench.call();
    REQUIRE(proceeds(call.admit()));
    const auto isolation = bench.breaker.isolate();
    call.fail(reply(500));
    CHECK(bench.snapshot().failures == 1);
}

TEST_CASE("closing by hand forgets failures, openings and probes", "[circuit_breaker]") {
    BreakerBench bench(CircuitBreakerOptions{.open_jitter = 0});
    bench.open_and_wait();
    bench.fail();
    bench.now += 10s;
    auto probe = bench.call();
    REQUIRE(proceeds(probe.admit()));
    bench.breaker.close();
    CHECK(bench.state() == CircuitState::closed);
    CHECK(bench.snapshot().openings == 0);
    probe.fail(reply(500));
    CHECK(bench.snapshot().calls == 0);
    bench.open();
    CHECK(bench.open_for() == 5s);
}

TEST_CASE("closing by hand ends no isolation", "[circuit_breaker]") {
    BreakerBench bench;
    const auto isolation = bench.breaker.isolate();
    bench.breaker.close();
    CHECK(bench.state() == CircuitState::isolated);
}

TEST_CASE("in a dry run it decides, counts and reports, and lets every call through", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.dry_run = true;
    BreakerBench bench(options);
    bench.open();
    CHECK(bench.state() == CircuitState::open);
    CHECK(bench.log.last(EventType::circuit_opened)->dry_run);

    bench.now += 2s;
    CHECK(bench.succeed());
    const Event* const refused = bench.log.last(EventType::refused);
    REQUIRE(refused != nullptr);
    CHECK(refused->dry_run);
    CHECK(refused->refused_by == RefusedBy::circuit_breaker);
    CHECK(refused->kind == FailureKind::circuit_open);
    CHECK(refused->delay == 3s);
    CHECK(bench.snapshot().calls == 5); // it would not have been sent

    bench.now += 3s;
    bench.succeed_times(2);
    CHECK(bench.state() == CircuitState::closed);
}

TEST_CASE("an isolation by hand holds in a dry run, in which nobody waits for a probe", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.dry_run = true;
    options.wait_for_probe = true;
    options.probes = 1;
    BreakerBench bench(options);
    {
        const auto isolation = bench.breaker.isolate();
        CHECK(rejects(bench.call().admit()));
    }
    CHECK(bench.succeed());
    bench.open_and_wait();
    auto probe = bench.call();
    REQUIRE(proceeds(probe.admit()));
    CHECK(bench.fail());
    CHECK(bench.state() == CircuitState::half_open);
    CHECK(bench.log.count(EventType::refused) == 0); // it would have waited
}
