#include <backstay/policy/circuit_breaker.hpp>

#include "support/catch.hpp"

#include "breaker_test_bench.hpp"

#include <string>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

TEST_CASE("an opening tells what caused it, for how long, and the counts", "[circuit_breaker]") {
    struct Details final : Observer {
        std::string seen;
        void on_event(const Event& event) override { seen = event.detail; }
    } details;
    BreakerBench bench;
    bench.fail_times(3);
    bench.succeed();
    bench.fail_times(4);
    SECTION("to an observer") {
        bench.fail(reply(503, 8s));
        const Event* const opened = bench.log.last(EventType::circuit_opened);
        REQUIRE(opened != nullptr);
        CHECK(opened->kind == FailureKind::service_unavailable);
        CHECK(opened->status == 503);
        CHECK(opened->delay == 8s);
        CHECK(opened->at == bench.now);
        CHECK(opened->origin == "https://api.example.com:443");
        CHECK_FALSE(opened->dry_run);
    }
    SECTION("in words") {
        bench.settings.observer = &details;
        bench.fail();
        CHECK(details.seen == "8 of 9 calls failed, 0 slow");
    }
    SECTION("to nobody") {
        bench.settings.observer = nullptr;
        bench.fail();
        CHECK(bench.state() == CircuitState::open);
    }
}

TEST_CASE("a full circle sends one event for each transition", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open_and_wait();
    bench.fail();
    bench.now += 10s;
    bench.succeed_times(2);
    std::vector<EventType> types;
    for (const Event& event : bench.log.events) {
        types.push_back(event.type);
    }
    using enum EventType;
    CHECK(types ==
          std::vector{circuit_opened, circuit_half_open, circuit_opened, circuit_half_open, circuit_closed});
}

TEST_CASE("a refusal is the driver's to report, not the breaker's", "[circuit_breaker]") {
    BreakerBench bench;
    bench.open();
    CHECK_FALSE(bench.succeed());
    CHECK(bench.log.count(EventType::refused) == 0);
}

TEST_CASE("trap: an observer may ask the breaker anything (Polly#2953: no event under a lock)",
          "[circuit_breaker]") {
    struct Curious final : Observer {
        explicit Curious(BreakerBench& asked) : bench(&asked) {}
        void on_event(const Event& event) override {
            states.push_back(bench->breaker.snapshot(event.at, bench->settings.key).state);
            (void)bench->breaker.snapshots(event.at);
            if (event.type == EventType::circuit_opened && closes) {
                bench->breaker.close();
            }
        }
        BreakerBench* bench;
        std::vector<CircuitState> states;
        bool closes = false;
    };
    for (const bool unkeyed : {true, false}) {
        CircuitBreakerOptions options = BreakerBench::without_jitter();
        options.unkeyed = unkeyed;
        BreakerBench bench(options);
        Curious curious(bench);
        bench.settings.observer = &curious;
        bench.open_and_wait();
        bench.succeed_times(2);
        CHECK(curious.states ==
              std::vector{CircuitState::open, CircuitState::half_open, CircuitState::closed});
        curious.closes = true;
        bench.open();
        CHECK(bench.state() == CircuitState::closed);
    }
}

TEST_CASE("an observer that throws does not disturb the circuit", "[circuit_breaker]") {
    struct Throwing final : Observer {
        void on_event(const Event&) override { throw 1; }
    } throwing;
    BreakerBench bench;
    bench.settings.observer = &throwing;
    bench.open_and_wait();
    bench.succeed_times(2);
    CHECK(bench.state() == CircuitState::closed);
    CHECK(throwing.dropped() == 3);
}
