#include <backstay/policy/circuit_breaker.hpp>

#include "support/catch.hpp"

#include "breaker_test_bench.hpp"

#include <algorithm>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// One failed probe: open, and open again.
void reopen(BreakerBench& bench, const Failure& failure = reply(500)) {
    bench.now = bench.snapshot().next_change;
    REQUIRE(bench.fail(failure));
    REQUIRE(bench.state() == CircuitState::open);
}

} // namespace

TEST_CASE("an open circuit refuses with the time until the next chance", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open();
    bench.now += 2s;
    CHECK_FALSE(bench.succeed());
    CHECK(bench.last.failure == refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 3s));
    CHECK(bench.last.failure.reach == Reach::refused_here);
}

TEST_CASE("it stays open for the whole time and not longer", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open();
    bench.now += 5s - 1ns;
    CHECK_FALSE(bench.succeed());
    CHECK(bench.last.failure.hint == 1ns);
    bench.now += 1ns;
    CHECK(bench.succeed());
}

TEST_CASE("each successive opening lasts twice as long, up to the longest", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open();
    for (const Duration expected : {5s, 10s, 20s, 40s, 60s, 60s, 60s}) {
        CHECK(bench.open_for() == expected);
        reopen(bench);
    }
}

TEST_CASE("a circuit that closes and soon opens again goes on doubling", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    bench.succeed_times(2);
    REQUIRE(bench.state() == CircuitState::closed);
    bench.now += 30s - 1ns;
    bench.open();
    CHECK(bench.open_for() == 10s);
}

TEST_CASE("after a whole closed window it is back to the shortest open time", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    bench.fail();
    CHECK(bench.open_for() == 10s);
    bench.now += 10s;
    bench.succeed_times(2);
    bench.now += 30s;
    bench.open();
    CHECK(bench.open_for() == 5s);
    CHECK(bench.snapshot().openings == 1);
}

TEST_CASE("the whole window of a count window is a number of calls", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.window = CircuitWindow::count;
    options.window_calls = 20;
    options.minimum_calls = 10;
    const auto open_time_after = [&](int successes) {
        BreakerBench bench(options);
        bench.open_and_wait();
        bench.succeed_times(2);
        bench.now += 24h;
        bench.succeed_times(successes);
        while (bench.state() == CircuitState::closed) {
            bench.fail();
        }
        return bench.open_for();
    };
    CHECK(open_time_after(9) == 10s); // opens at the 18th call
    CHECK(open_time_after(10) == 5s); // at the 20th
}

TEST_CASE("open times are spread by ten percent either way", "[circuit_breaker]") {
    CircuitBreakerOptions options;
    options.unkeyed = true;
    Duration shortest = 1h;
    Duration longest = 0s;
    BreakerBench bench(options);
    for (int i = 0; i < 300; ++i) {
        bench.open();
        shortest = std::min(shortest, bench.open_for());
        longest = std::max(longest, bench.open_for());
        bench.breaker.close();
    }
    CHECK(shortest >= 4500ms);
    CHECK(shortest < 4600ms);
    CHECK(longest <= 5500ms);
    CHECK(longest > 5400ms);
}

TEST_CASE("the longest open time is spread too, so that clients do not march in step", "[circuit_breaker]") {
    CircuitBreakerOptions options;
    options.unkeyed = true;
    BreakerBench bench(options);
    bench.open();
    Duration shortest = 1h;
    Duration longest = 0s;
    for (int i = 0; i < 200; ++i) {
        reopen(bench);
        if (i > 5) {
            shortest = std::min(shortest, bench.open_for());
            longest = std::max(longest, bench.open_for());
        }
    }
    CHECK(shortest >= 54s);
    CHECK(shortest < 56s);
    CHECK(longest <= 66s);
    CHECK(longest > 64s);
}

TEST_CASE("a wait that the server names lengthens the opening that it causes", "[circuit_breaker]") {
    BreakerBench bench;
    bench.fail_times(4);
    bench.fail(reply(503, 42s));
    CHECK(bench.open_for() == 42s);
    reopen(bench, reply(503, 3s)); // shorter than the drawn 10 s
    CHECK(bench.open_for() == 10s);
    reopen(bench, reply(503, 100s));
    CHECK(bench.open_for() == 100s);
}

TEST_CASE("an absurd wait does not keep it open beyond max_open", "[circuit_breaker]") {
    BreakerBench bench;
    bench.fail_times(4);
    bench.fail(reply(503, 24h));
    CHECK(bench.open_for() == 5min);
}

TEST_CASE("a single 503 with a wait never opens by itself", "[circuit_breaker]") {
    BreakerBench bench;
    bench.succeed_times(30);
    bench.fail(reply(503, 1min));
    CHECK(bench.state() == CircuitState::closed);
    CHECK(bench.snapshot().failures == 1);
}

TEST_CASE("a wait named earlier than the opening does not lengthen it", "[circuit_breaker]") {
    BreakerBench bench;
    bench.fail(reply(503, 1min));
    bench.fail_times(4);
    CHECK(bench.open_for() == 5s);
}

TEST_CASE("without a random source the open time is not spread", "[circuit_breaker]") {
    BreakerBench bench{CircuitBreakerOptions{.unkeyed = true}};
    bench.fail_times(4);
    auto call = bench.call();
    call.context.random = nullptr;
    REQUIRE(proceeds(call.admit()));
    call.fail(reply(500));
    CHECK(bench.open_for() == 5s);
}

TEST_CASE("a refused call leaves nothing behind", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open();
    const CircuitSnapshot before = bench.snapshot();
    {
        auto refused = bench.call();
        REQUIRE(rejects(refused.admit()));
    }
    CHECK(bench.snapshot().calls == before.calls);
    CHECK(bench.snapshot().next_change == before.next_change);
}

TEST_CASE("a call that was refused may be asked again and become a probe", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open();
    auto call = bench.call();
    REQUIRE(rejects(call.admit()));
    bench.now += 5s;
    REQUIRE(proceeds(call.admit()));
    CHECK(bench.snapshot().probes_out == 1);
    call.succeed();
    REQUIRE(proceeds(call.admit())); // and repeat
    call.succeed();
    CHECK(bench.state() == CircuitState::closed);
}

TEST_CASE("the end of time is far enough not to overflow", "[circuit_breaker]") {
    BreakerBench bench;
    bench.now = end_of_time - 1s;
    bench.open();
    CHECK(bench.snapshot().next_change == end_of_time);
    CHECK_FALSE(bench.succeed());
}
