#include <backstay/policy/circuit_breaker.hpp>

#include "support/catch.hpp"

#include "breaker_test_bench.hpp"

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

TEST_CASE("a quiet origin opens after five failures in a row", "[circuit_breaker]") {
    BreakerBench bench;
    bench.fail_times(4);
    CHECK(bench.state() == CircuitState::closed);
    bench.fail();
    CHECK(bench.state() == CircuitState::open);
    CHECK_FALSE(bench.succeed());
}

TEST_CASE("a success among few calls begins the row anew", "[circuit_breaker]") {
    BreakerBench bench;
    bench.fail_times(4);
    bench.succeed();
    bench.fail_times(4);
    CHECK(bench.state() == CircuitState::closed);
    CHECK(bench.snapshot().failures_in_a_row == 4);
    bench.fail();
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("on a busy origin ten calls lost with one connection do not open it", "[circuit_breaker]") {
    BreakerBench bench;
    bench.succeed_times(20);
    bench.fail_times(10);
    CHECK(bench.snapshot().failures == 10);
    CHECK(bench.state() == CircuitState::closed);
}

TEST_CASE("it opens when half of at least twenty calls failed, not one failure sooner", "[circuit_breaker]") {
    BreakerBench bench;
    bench.succeed_times(16);
    for (int i = 0; i < 15; ++i) {
        bench.fail();
        REQUIRE(bench.state() == CircuitState::closed);
    }
    bench.fail();
    CHECK(bench.snapshot().calls == 32);
    CHECK(bench.snapshot().failure_ratio == 0.5);
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("a success never opens it, even when it is the call that fills the minimum", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.consecutive_failures = 0;
    BreakerBench bench(options);
    bench.fail_times(19);
    bench.succeed();
    CHECK(bench.state() == CircuitState::closed);
    bench.fail();
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("a decimal ratio is met exactly", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.failure_ratio = 0.35;
    BreakerBench bench(options);
    for (int i = 0; i < 13; ++i) {
        bench.succeed();
        if (i % 2 == 0 && i < 12) {
            bench.fail();
        }
    }
    CHECK(bench.snapshot().calls == 19);
    bench.fail(); // 7 of 20
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("what is older than the window does not count", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.consecutive_failures = 0;
    BreakerBench bench(options);
    bench.fail_times(19);
    bench.now += 30s;
    bench.fail();
    CHECK(bench.snapshot().calls == 1);
    CHECK(bench.state() == CircuitState::closed);
}

TEST_CASE("a consecutive window knows no ratio and no minimum", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.window = CircuitWindow::consecutive;
    options.consecutive_failures = 7;
    BreakerBench bench(options);
    for (int i = 0; i < 20; ++i) {
        bench.fail_times(6);
        bench.succeed();
    }
    CHECK(bench.snapshot().failure_ratio > 0.8);
    CHECK(bench.state() == CircuitState::closed);
    bench.fail_times(7);
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("a count window looks at the last calls, however old", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.window = CircuitWindow::count;
    options.window_calls = 10;
    options.minimum_calls = 10;
    BreakerBench bench(options);
    bench.succeed_times(10);
    bench.fail_times(4);
    bench.now += 24h;
    CHECK(bench.snapshot().failures == 4);
    bench.fail();
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("each outcome counts as its row of the table says", "[circuit_breaker]") {
    const auto counted = [](const Failure& failure) {
        BreakerBench bench;
        bench.fail(failure, 1s);
        const CircuitSnapshot snapshot = bench.snapshot();
        return snapshot.calls == 0 ? Vote::neutral : snapshot.failures == 0 ? Vote::success : Vote::failure;
    };
    for (const int status : {408, 425, 500, 502, 503, 504, 599}) {
        INFO(status);
        CHECK(counted(reply(status)) == Vote::failure);
    }
    for (const int status : {301, 400, 401, 403, 404, 409, 418, 422, 429, 501, 505}) {
        INFO(status);
        CHECK(counted(reply(status)) == Vote::neutral);
    }
    using enum FailureKind;
    for (const FailureKind kind :
         {resolve_failed, connect_failed, tls_failed, certificate_rejected, connection_lost, protocol_error,
          truncated, attempt_timeout, deadline_exceeded}) {
        INFO(to_string(kind));
        CHECK(counted(lost(kind)) == Vote::failure);
    }
    for (const FailureKind kind : {canceled, exception, out_of_memory, invalid_request, resource_exhausted,
                                   head_too_large, body_too_large, too_many_redirects}) {
        INFO(to_string(kind));
        CHECK(counted(lost(kind)) == Vote::neutral);
    }
    CHECK(counted(lost(decode_error, Reach::answered)) == Vote::success);
    CHECK(counted(reply(304)) == Vote::success);
}

TEST_CASE("what was refused here says nothing about the origin, whatever its kind", "[circuit_breaker]") {
    BreakerBench bench;
    for (int i = 0; i < 10; ++i) {
        bench.fail(lost(FailureKind::deadline_exceeded, Reach::refused_here), 10s);
        bench.fail(refusal(FailureKind::concurrency_rejected, RefusedBy::concurrency_limit, 1s), 10s);
    }
    CHECK(bench.snapshot().calls == 0);
}

TEST_CASE("a caller with a short deadline does not open a healthy origin", "[circuit_breaker]") {
    BreakerBench bench;
    for (int i = 0; i < 20; ++i) {
        bench.fail(lost(FailureKind::deadline_exceeded), 499ms);
    }
    CHECK(bench.snapshot().calls == 0);
    for (int i = 0; i < 5; ++i) {
        bench.fail(lost(FailureKind::deadline_exceeded), 500ms);
    }
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("time that an attempt did not run is not time that the origin was observed", "[circuit_breaker]") {
    BreakerBench bench;
    auto call = bench.call();
    REQUIRE(proceeds(call.admit()));
    bench.now += 10s; // in a queue further inside
    call.begin_attempt();
    bench.now += 100ms;
    call.settle(lost(FailureKind::deadline_exceeded));
    CHECK(bench.snapshot().calls == 0);
}

TEST_CASE("an attempt that timed out before it began says nothing about the origin", "[circuit_breaker]") {
    BreakerBench bench;
    bench.fail(lost(FailureKind::attempt_timeout, Reach::never_sent));
    CHECK(bench.snapshot().calls == 0);
    bench.fail(lost(FailureKind::attempt_timeout, Reach::never_sent), 1ns);
    CHECK(bench.snapshot().failures == 1);
}

TEST_CASE("a neutral outcome does not begin the row of failures anew", "[circuit_breaker]") {
    BreakerBench bench;
    bench.fail_times(4);
    bench.fail(reply(404));
    bench.fail();
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("a changed row of the table changes what counts", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.classifier.set(FailureKind::rate_limited, {.vote = Vote::failure})
        .set(static_cast<FailureKind>(200), {.vote = Vote::failure});
    BreakerBench bench(options);
    bench.fail(reply(429));
    bench.fail(lost(static_cast<FailureKind>(200)));
    CHECK(bench.snapshot().failures == 2);
}

TEST_CASE("slow calls open it, successes and failures alike, when the option is on", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.slow_ratio = 0.5;
    options.slow_after = 1s;
    options.window_length = 1h;
    options.failure_ratio = 1;
    BreakerBench bench(options);
    bench.succeed_times(10);
    for (int i = 0; i < 9; ++i) {
        i % 2 == 0 ? bench.succeed(1s + 1ns) : bench.fail(reply(500), 2s);
    }
    for (int i = 0; i < 5; ++i) {
        bench.succeed(1s); // not longer than that
    }
    CHECK(bench.snapshot().slow == 9);
    for (int i = 0; i < 5; ++i) {
        CHECK(bench.state() == CircuitState::closed);
        bench.succeed(2s);
    }
    CHECK(bench.snapshot().slow == 14);
    CHECK(bench.state() == CircuitState::closed);
    bench.succeed(2s);
    CHECK(bench.state() == CircuitState::open); // 15 of 30
}

TEST_CASE("slow calls fewer than the minimum decide nothing", "[circuit_breaker]") {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.slow_ratio = 0.1;
    options.slow_after = 1ms;
    options.window_length = 1h;
    BreakerBench bench(options);
    for (int i = 0; i < 19; ++i) {
        bench.succeed(1s);
    }
    CHECK(bench.state() == CircuitState::closed);
    bench.succeed(1s);
    CHECK(bench.state() == CircuitState::open);
}

TEST_CASE("trap: a result from before it opened is not counted after it closed (Polly#217)",
          "[circuit_breaker]") {
    BreakerBench bench;
    auto good = bench.call();
    auto bad = bench.call();
    REQUIRE(proceeds(good.admit()));
    REQUIRE(proceeds(bad.admit()));
    good.begin_attempt();
    bad.begin_attempt();
    bench.open_and_wait();
    bench.succeed_times(2);
    REQUIRE(bench.state() == CircuitState::closed);

    bad.settle(reply(500));
    good.settle(nullptr);
    CHECK(bench.snapshot().calls == 0);
    CHECK(bench.snapshot().failures_in_a_row == 0);
}

TEST_CASE("trap: a result from before it opened does not disturb the probes (Polly#217)",
          "[circuit_breaker]") {
    BreakerBench bench;
    auto good = bench.call();
    auto bad = bench.call();
    REQUIRE(proceeds(good.admit()));
    REQUIRE(proceeds(bad.admit()));
    bench.open_and_wait();
    auto probe = bench.call();
    REQUIRE(proceeds(probe.admit()));

    bad.fail(reply(500));
    CHECK(bench.state() == CircuitState::half_open);
    good.succeed();
    good.abandon();
    CHECK(bench.snapshot().probe_successes == 0);
    CHECK(bench.snapshot().probes_out == 1);
}

TEST_CASE("a call that ends without a result counts nothing", "[circuit_breaker]") {
    BreakerBench bench;
    for (int i = 0; i < 10; ++i) {
        auto call = bench.call();
        REQUIRE(proceeds(call.admit()));
        call.begin_attempt();
    }
    CHECK(bench.snapshot().calls == 0);
}
