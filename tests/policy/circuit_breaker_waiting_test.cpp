#include <backstay/policy/circuit_breaker.hpp>

#include "support/catch.hpp"

#include "breaker_test_bench.hpp"

#include <memory>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// A half-open circuit whose only probe is out, and where others wait for it.
class WaitingBench : public BreakerBench {
public:
    WaitingBench() : BreakerBench(waiting()), probe(breaker, now, settings) {
        open_and_wait();
        REQUIRE(proceeds(probe.admit()));
    }

    [[nodiscard]] static CircuitBreakerOptions waiting() {
        CircuitBreakerOptions options = without_jitter();
        options.probes = 1;
        options.wait_for_probe = true;
        return options;
    }

    Started probe;
};

/// A call that waits in the queue, as the driver leaves it there.
struct Waiter {
    explicit Waiter(BreakerBench& bench) : call(bench.breaker, bench.now, bench.settings) {
        REQUIRE(waits(call.admit()));
        REQUIRE(call.policy().enqueue(call.mine(), Waker(target)));
    }
    [[nodiscard]] bool woken() const { return target->woken > 0; }

    std::shared_ptr<CountingTarget> target = std::make_shared<CountingTarget>();
    PolicyCall<CircuitBreaker> call;
};

} // namespace

TEST_CASE("with wait_for_probe others wait at most until the probe's lease ends", "[circuit_breaker]") {
    WaitingBench bench;
    auto other = bench.call();
    const Admission answer = other.admit();
    CHECK(waits(answer));
    CHECK(answer.until == bench.now + 60s);
}

TEST_CASE("while it is open nobody waits: the calls are refused", "[circuit_breaker]") {
    BreakerBench bench(WaitingBench::waiting());
    bench.open();
    auto call = bench.call();
    CHECK(rejects(call.admit()));
}

TEST_CASE("all who wait are woken by the decision to close, and go on", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter one(bench);
    Waiter two(bench);
    bench.probe.succeed();
    CHECK(one.woken()); // the place is free: one success of two
    CHECK_FALSE(two.woken());
    REQUIRE(proceeds(one.call.admit()));
    one.call.succeed();
    CHECK(bench.state() == CircuitState::closed);
    CHECK(two.woken());
    CHECK(proceeds(two.call.admit()));
}

TEST_CASE("all who wait are woken by the decision to open again, and are refused", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter one(bench);
    Waiter two(bench);
    bench.probe.fail(reply(500));
    CHECK(one.woken());
    CHECK(two.woken());
    CHECK(rejects(one.call.admit()));
    CHECK(rejects(two.call.admit()));
}

TEST_CASE("a probe that decides nothing hands its place to the one who waited longest", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter one(bench);
    Waiter two(bench);
    bench.probe.abandon();
    CHECK(one.woken());
    CHECK_FALSE(two.woken());
    CHECK(proceeds(one.call.admit()));
    CHECK(bench.snapshot().probes_out == 1);
}

TEST_CASE("one who was woken and left passes the free place on", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter one(bench);
    Waiter two(bench);
    Waiter three(bench);
    bench.probe.fail(lost(FailureKind::canceled));
    REQUIRE(one.woken());
    one.call.abandon();
    CHECK(two.woken());
    CHECK_FALSE(three.woken());
    CHECK(proceeds(two.call.admit()));
}

TEST_CASE("one who was woken and finds the place taken waits again", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter one(bench);
    bench.probe.fail(lost(FailureKind::canceled));
    auto quicker = bench.call();
    REQUIRE(proceeds(quicker.admit()));
    REQUIRE(waits(one.call.admit()));
    REQUIRE(one.call.policy().enqueue(one.call.mine(), Waker(one.target)));
    quicker.fail(reply(500));
    CHECK(one.target->woken == 2);
}

TEST_CASE("one who leaves the queue is not woken, and the others are", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter first(bench);
    Waiter middle(bench);
    Waiter last(bench);
    SECTION("the first") {
        first.call.abandon();
    }
    SECTION("in the middle") {
        middle.call.abandon();
    }
    SECTION("the last") {
        last.call.abandon();
    }
    Waiter newest(bench);
    bench.probe.fail(reply(500));
    CHECK(first.target->woken + middle.target->woken + last.target->woken == 2);
    CHECK(newest.woken());
}

TEST_CASE("enqueue says no when the place came free meanwhile", "[circuit_breaker]") {
    WaitingBench bench;
    auto call = bench.call();
    REQUIRE(waits(call.admit()));
    bench.probe.fail(lost(FailureKind::canceled));
    CHECK_FALSE(call.policy().enqueue(call.mine(), Waker{}));
    CHECK(proceeds(call.admit()));
}

TEST_CASE("enqueue says no when the circuit closed meanwhile", "[circuit_breaker]") {
    WaitingBench bench;
    auto call = bench.call();
    REQUIRE(waits(call.admit()));
    bench.breaker.close();
    CHECK_FALSE(call.policy().enqueue(call.mine(), Waker{}));
    CHECK(proceeds(call.admit()));
}

TEST_CASE("one whose wait ended with the lease takes the hung probe's place", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter one(bench);
    bench.now += 60s;
    CHECK(proceeds(one.call.admit()));
    bench.probe.fail(reply(500));
    CHECK(bench.state() == CircuitState::half_open);
    CHECK_FALSE(one.woken());
}

TEST_CASE("closing by hand wakes all who wait", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter one(bench);
    Waiter two(bench);
    bench.breaker.close();
    CHECK(one.woken());
    CHECK(proceeds(two.call.admit()));
}

TEST_CASE("an isolation calls all who wait for a probe, and refuses them", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter one(bench);
    Waiter two(bench);
    const auto isolation = bench.breaker.isolate();
    REQUIRE(one.woken());
    REQUIRE(two.woken());
    CHECK(rejects(one.call.admit()));
    CHECK(rejects(two.call.admit()));
}

TEST_CASE("one who is woken into an isolation is refused and passes the place on", "[circuit_breaker]") {
    WaitingBench bench;
    Waiter one(bench);
    bench.probe.abandon();
    REQUIRE(one.woken());
    auto isolation = bench.breaker.isolate();
    CHECK(rejects(one.call.admit()));
    isolation.release();
    CHECK(proceeds(bench.call().admit()));
}
