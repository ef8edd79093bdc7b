#include <backstay/policy/circuit_breaker.hpp>

#include "support/catch.hpp"

#include "breaker_test_bench.hpp"

#include <memory>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

TEST_CASE("half-open lets three probes through at a time and refuses the others", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    auto one = bench.call();
    auto two = bench.call();
    auto three = bench.call();
    CHECK(proceeds(one.admit()));
    CHECK(proceeds(two.admit()));
    CHECK(proceeds(three.admit()));
    CHECK(bench.snapshot().probes_out == 3);

    CHECK_FALSE(bench.succeed());
    CHECK(bench.last.failure == refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 5s));

    one.succeed();
    CHECK(bench.snapshot().probes_out == 2);
    auto four = bench.call();
    CHECK(proceeds(four.admit()));
}

TEST_CASE("a refusal while half-open points at the end of the first lease when that is nearer",
          "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.probes = 2;
    options.probe_lease = 6s;
    BreakerBench bench(options);
    bench.open_and_wait();
    auto one = bench.call();
    auto two = bench.call();
    REQUIRE(proceeds(one.admit()));
    bench.now += 2s;
    REQUIRE(proceeds(two.admit()));
    CHECK_FALSE(bench.succeed());
    CHECK(bench.last.failure.hint == 4s);
}

TEST_CASE("two successful probes close it, with an empty window", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    bench.succeed();
    CHECK(bench.state() == CircuitState::half_open);
    CHECK(bench.snapshot().probe_successes == 1);
    bench.succeed();
    CHECK(bench.state() == CircuitState::closed);
    CHECK(bench.snapshot().calls == 0);
    bench.fail_times(4);
    CHECK(bench.state() == CircuitState::closed);
}

TEST_CASE("the first failed probe opens it again, whatever others said", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    bench.succeed();
    bench.fail();
    CHECK(bench.state() == CircuitState::open);
    CHECK(bench.open_for() == 10s);
    bench.now += 10s;
    bench.succeed();
    CHECK(bench.state() == CircuitState::half_open); // the success before does not count any more
}

TEST_CASE("a probe that comes back after another one decided counts nothing", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    auto late_good = bench.call();
    auto late_bad = bench.call();
    REQUIRE(proceeds(late_good.admit()));
    REQUIRE(proceeds(late_bad.admit()));
    bench.fail();
    REQUIRE(bench.state() == CircuitState::open);
    bench.now += 10s;
    auto probe = bench.call();
    REQUIRE(proceeds(probe.admit()));

    late_good.succeed();
    late_bad.fail(reply(500));
    CHECK(bench.state() == CircuitState::half_open);
    CHECK(bench.snapshot().probe_successes == 0);
    CHECK(bench.snapshot().probes_out == 1); // their places were not given back twice
}

TEST_CASE("trap: a cancelled probe gives its permit back and decides nothing (Polly closes)",
          "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    for (int i = 0; i < 10; ++i) {
        auto probe = bench.call();
        REQUIRE(proceeds(probe.admit()));
        probe.begin_attempt();
        if (i % 2 == 0) {
            probe.settle(lost(FailureKind::canceled));
        } else {
            probe.abandon();
        }
        CHECK(bench.state() == CircuitState::half_open);
        CHECK(bench.snapshot().probes_out == 0);
        CHECK(bench.snapshot().probe_successes == 0);
    }
}

TEST_CASE("a probe that threw, or was refused further inside, decides nothing", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    for (const Failure& failure :
         {lost(FailureKind::exception), lost(FailureKind::resource_exhausted, Reach::never_sent),
          refusal(FailureKind::concurrency_rejected, RefusedBy::concurrency_limit, 0s)}) {
        REQUIRE(bench.fail(failure));
        CHECK(bench.state() == CircuitState::half_open);
        CHECK(bench.snapshot().probe_successes == 0);
        CHECK(bench.snapshot().probes_out == 0);
    }
}

TEST_CASE("a probe cut by its own short deadline decides nothing", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    bench.fail(lost(FailureKind::deadline_exceeded), 100ms);
    CHECK(bench.state() == CircuitState::half_open);
    bench.fail(lost(FailureKind::deadline_exceeded), 500ms);
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("any reply that is not a failure is a successful probe", "[circuit_breaker]") {
    for (const int status : {404, 401, 409, 429}) {
        BreakerBench bench;
        bench.open_and_wait();
        bench.fail(reply(status));
        bench.fail(reply(status));
        CHECK(bench.state() == CircuitState::closed);
    }
}

TEST_CASE("trap: a probe that never returns loses its place when its lease ends", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    auto hung_1 = bench.call();
    auto hung_2 = bench.call();
    auto hung_3 = bench.call();
    REQUIRE(proceeds(hung_1.admit()));
    REQUIRE(proceeds(hung_2.admit()));
    REQUIRE(proceeds(hung_3.admit()));
    bench.now += 60s - 1ns;
    CHECK_FALSE(bench.succeed());
    CHECK(bench.last.failure.hint == 1ns);
    bench.now += 1ns;
    CHECK(bench.snapshot().probes_out == 0);
    CHECK(bench.succeed());
    CHECK(bench.succeed());
    CHECK(bench.state() == CircuitState::closed);

    hung_1.fail(reply(500));
    CHECK(bench.snapshot().calls == 0);
}

TEST_CASE("a probe whose place was given to another is too late, and frees nothing", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.probes = 1;
    BreakerBench bench(options);
    bench.open_and_wait();
    auto hung = bench.call();
    REQUIRE(proceeds(hung.admit()));
    bench.now += 60s;
    auto heir = bench.call();
    REQUIRE(proceeds(heir.admit()));

    hung.fail(reply(500));
    CHECK(bench.state() == CircuitState::half_open);
    hung.abandon();
    CHECK(bench.snapshot().probes_out == 1);
    CHECK_FALSE(bench.succeed());
}

TEST_CASE("a probe that is late but still has its place counts", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    auto late = bench.call();
    REQUIRE(proceeds(late.admit()));
    bench.now += 2min;
    late.fail(reply(500));
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("trap: probes out never exceed the limit, whatever comes and goes (resilience4j#1090)",
          "[circuit_breaker]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Random random(seed);
        CircuitBreakerOptions options = BreakerBench::without_jitter();
        options.probes = 2;
        options.probe_successes = 1'000;
        BreakerBench bench(options);
        bench.open_and_wait();
        std::vector<std::unique_ptr<BreakerBench::Started>> out;
        for (int step = 0; step < 100; ++step) {
            if (random.next() % 2 == 0) {
                auto call = std::make_unique<BreakerBench::Started>(bench.breaker, bench.now, bench.settings);
                if (proceeds(call->admit())) {
                    out.push_back(std::move(call));
                }
            } else if (!out.empty()) {
                const auto which = static_cast<std::ptrdiff_t>(random.next() % out.size());
                if (random.next() % 2 == 0) {
                    out[static_cast<std::size_t>(which)]->succeed();
                }
                out.erase(out.begin() + which);
            }
            REQUIRE(out.size() <= 2);
            REQUIRE(bench.snapshot().probes_out == out.size());
        }
    }
}

TEST_CASE("it may need more successes than there are places", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.probes = 1;
    options.probe_successes = 4;
    BreakerBench bench(options);
    bench.open_and_wait();
    bench.succeed_times(3);
    CHECK(bench.state() == CircuitState::half_open);
    bench.succeed();
    CHECK(bench.state() == CircuitState::closed);
}

TEST_CASE("a probe that was cancelled while a 500 came decides nothing", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    auto probe = bench.call();
    REQUIRE(proceeds(probe.admit()));
    probe.begin_attempt();
    probe.settle(Failure{.kind = FailureKind::canceled, .reach = Reach::answered, .status = 500});
    CHECK(bench.state() == CircuitState::half_open);
    CHECK(bench.snapshot().probe_successes == 0);
    CHECK(bench.snapshot().probes_out == 0);
}
