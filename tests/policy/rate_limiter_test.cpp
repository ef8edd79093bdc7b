#include <backstay/policy/rate_limiter.hpp>

#include "support/catch.hpp"

#include "rate_limiter_bench.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

// Options, tokens without a queue, keys, and the dry run.

namespace {

std::string complaint(const RateLimiterOptions& options) {
    try {
        const RateLimiter limiter(options);
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

RateLimiterOptions without_queue(int burst = 1) {
    return {.rate = 10, .burst = burst, .max_wait = 0s};
}

} // namespace

TEST_CASE("options out of range are named with their value and what is allowed (rate_limiter)",
          "[rate_limiter]") {
    CHECK(complaint({}).empty());
    CHECK(complaint({.rate = 0}) ==
          "RateLimiterOptions.rate is 0, allowed is 1 to one for each microsecond of the period");
    const auto names = [](const RateLimiterOptions& options, std::string_view field) {
        return complaint(options).find(field) != std::string::npos;
    };
    CHECK(complaint({.rate = 1'000'000, .burst = 1'000'000}).empty());
    CHECK(names({.rate = 1'000'001}, "rate"));
    CHECK(names({.period = 0s}, "period"));
    CHECK(names({.period = Duration::max()}, "period"));
    CHECK(names({.burst = 0}, "burst"));
    CHECK(names({.burst = 1'000'001}, "burst"));
    CHECK(complaint({.rate = 1, .period = 24h, .burst = 365}).empty());
    CHECK(names({.rate = 1, .period = 24h, .burst = 366}, "burst"));
    CHECK(names({.max_wait = -1ns}, "max_wait"));
    CHECK(names({.max_wait = Duration::max()}, "max_wait"));
    CHECK(names({.max_queued = -1}, "max_queued"));
    CHECK(names({.max_keys = 0}, "max_keys"));
}

TEST_CASE("a rate limiter describes its settings in words", "[rate_limiter]") {
    const StageDescription standard = RateLimiter().describe();
    CHECK(standard.name == "rate_limiter");
    CHECK(standard.settings == "100 in 1 s, bursts of 10, 1000 queued for up to 1 s");
    CHECK(standard.longest_wait == 1s);
    const StageDescription other =
        RateLimiter(
            {.rate = 5, .period = 1min, .burst = 2, .max_wait = 0s, .key = by_client, .dry_run = true})
            .describe();
    CHECK(other.settings == "5 in 1 min, bursts of 2, no queue, for each key, dry run");
    CHECK_FALSE(other.longest_wait);
}

TEST_CASE("a burst passes at once, then one for each token", "[rate_limiter]") {
    RateLimiterBench bench(without_queue(3));
    CHECK(bench.snapshot().tokens == 3);
    CHECK(bench.drain() == 3);
    CHECK(bench.snapshot().tokens == 0);
    CHECK(bench.snapshot().next_token == bench.now + 100ms);
    bench.now += 100ms - 1ns;
    CHECK_FALSE(bench.passes());
    bench.now += 1ns;
    CHECK(bench.drain() == 1);
    bench.now += 250ms;
    CHECK(bench.drain() == 2);
}

TEST_CASE("no burst after a long silence beyond the burst size", "[rate_limiter]") {
    RateLimiterBench bench(without_queue(3));
    bench.drain();
    for (const Duration silence : {Duration(10s), Duration(24h), Duration(24h * 365)}) {
        bench.now += silence;
        CHECK(bench.drain() == 3);
    }
}

TEST_CASE("a refusal says by whom and when a token is there", "[rate_limiter]") {
    RateLimiterBench bench(without_queue());
    CHECK(bench.passes());
    bench.now += 30ms;
    CHECK(bench.ask()->answer.failure ==
          refusal(FailureKind::rate_limit_rejected, RefusedBy::rate_limiter, 70ms));
    CHECK(bench.snapshot().refused == 1);
    CHECK(bench.log.events.empty()); // that is the driver's to report
}

TEST_CASE("a refused call costs no token, and one that is let through costs one, whatever comes of it",
          "[rate_limiter]") {
    RateLimiterBench bench(without_queue());
    const auto one = bench.ask();
    one->call.fail(refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 1s));
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(bench.passes());
    }
    bench.now += 100ms;
    CHECK(proceeds(one->ask())); // its next attempt takes another one
    CHECK_FALSE(bench.passes());
}

TEST_CASE("with no queue, a call whose token comes later is refused, however long it could wait",
          "[rate_limiter]") {
    RateLimiterBench bench({.rate = 10, .burst = 1, .max_wait = 10s, .max_queued = 0});
    CHECK(bench.passes());
    CHECK(rejects(bench.ask()->answer));
}

TEST_CASE("a copy shares the tokens, a clone has its own (rate_limiter)", "[rate_limiter]") {
    RateLimiterBench bench(without_queue());
    const RateLimiter copy = bench.limiter;
    bench.limiter.set_rate(bench.now, 20, 1s, 1);
    const RateLimiter clone = bench.limiter.clone();
    CHECK(bench.passes());
    CHECK(copy.snapshot(bench.now).tokens == 0);
    CHECK(clone.snapshot(bench.now).tokens == 1);
    CHECK(clone.options().rate == 20);
    CHECK(clone.options().max_wait == 0s);
}

TEST_CASE("one limiter for all calls, or with a key function one for each key", "[rate_limiter]") {
    SECTION("for all") {
        RateLimiterBench bench(without_queue());
        CHECK(bench.passes());
        bench.settings.key.origin = "https://other";
        CHECK_FALSE(bench.passes());
        REQUIRE(bench.limiter.snapshots(bench.now).size() == 1);
        CHECK(bench.limiter.snapshots(bench.now).front().key.empty());
    }
    SECTION("for each key") {
        RateLimiterOptions options = without_queue();
        options.key = by_client;
        RateLimiterBench bench(options);
        bench.settings.key = {.origin = "a", .credential = "red", .operation = "get"};
        CHECK(bench.passes());
        bench.settings.key.operation = "put";
        CHECK_FALSE(bench.passes());
        bench.settings.key.credential = "blue";
        CHECK(bench.snapshot().tokens == 1);
        CHECK(bench.passes());
        CHECK(bench.snapshot().tokens == 0);
        CHECK(bench.limiter.snapshots(bench.now).size() == 2);
    }
}

TEST_CASE("beyond max_keys the key that nobody used for longest is forgotten, but none in whose queue one "
          "waits",
          "[rate_limiter]") {
    RateLimiterOptions options = RateLimiterBench::ten_a_second();
    options.key = by_origin;
    options.max_keys = 2;
    RateLimiterBench bench(options);
    bench.settings.key.origin = "a";
    CHECK(bench.passes());
    const auto waiting = bench.ask();
    REQUIRE(waiting->waiting());
    for (const char* origin : {"b", "c", "d"}) {
        bench.settings.key.origin = origin;
        CHECK(bench.passes());
    }
    CHECK(bench.limiter.snapshots(bench.now).size() == 2);
    bench.settings.key.origin = "a";
    CHECK(bench.snapshot().queued == 1);
}

TEST_CASE("a raised rate lets more through from now on, tokens and their part stay", "[rate_limiter]") {
    RateLimiterBench bench(without_queue(5));
    bench.drain();
    bench.now += 250ms; // two, and half of the next
    bench.limiter.set_rate(bench.now, 100, 1s, 5);
    CHECK(bench.snapshot().tokens == 2);
    bench.drain();
    CHECK(bench.snapshot().next_token - bench.now <= 5ms + 10ns);
}

TEST_CASE("a lowered rate or burst allows no more than it says from now on", "[rate_limiter]") {
    RateLimiterBench bench(without_queue(5));
    bench.limiter.set_rate(bench.now, 1, 1s, 5);
    CHECK(bench.drain() == 5);
    CHECK(bench.snapshot().next_token - bench.now <= 1s);
    bench.now += 3s;
    bench.limiter.set_rate(bench.now, 1, 1s, 2);
    CHECK(bench.drain() == 2);
}

TEST_CASE("trap: a bad rate changes nothing", "[rate_limiter]") {
    RateLimiterBench bench;
    CHECK_THROWS_AS(bench.limiter.set_rate(bench.now, 0, 1s, 1), std::invalid_argument);
    CHECK_THROWS_AS(bench.limiter.set_rate(bench.now, 1, 0s, 1), std::invalid_argument);
    CHECK_THROWS_AS(bench.limiter.set_rate(bench.now, 1, 1s, 0), std::invalid_argument);
    CHECK(bench.limiter.options().rate == 10);
}

TEST_CASE("a changed rate holds for keys that were there and for those that come", "[rate_limiter]") {
    RateLimiterOptions options = without_queue();
    options.key = by_origin;
    RateLimiterBench bench(options);
    bench.settings.key.origin = "old";
    CHECK(bench.passes());
    bench.limiter.set_rate(bench.now, 1, 1s, 3);
    CHECK(bench.snapshot().next_token - bench.now > 900ms);
    bench.settings.key.origin = "new";
    CHECK(bench.drain() == 3);
}

TEST_CASE("a dry run lets all through and reports whom it would refuse, not whom it would have wait",
          "[rate_limiter]") {
    RateLimiterOptions options = RateLimiterBench::ten_a_second();
    options.max_wait = 250ms;
    options.dry_run = true;
    RateLimiterBench bench(options);
    CHECK(bench.passes());
    CHECK(bench.passes()); // would wait 100 ms
    CHECK(bench.passes()); // would wait 200 ms
    CHECK(bench.log.events.empty());
    CHECK(bench.snapshot().waited == 2);

    CHECK(bench.passes()); // would be refused, and takes nothing from those who would not
    REQUIRE(bench.log.count(EventType::refused) == 1);
    const Event& told = bench.log.events.front();
    CHECK(told.dry_run);
    CHECK(told.kind == FailureKind::rate_limit_rejected);
    CHECK(told.refused_by == RefusedBy::rate_limiter);
    CHECK(told.delay == 300ms);
    CHECK(bench.snapshot().refused == 1);
    CHECK(bench.snapshot().queued == 0);
    bench.now += 100ms;
    CHECK(bench.passes()); // would wait 200 ms
    CHECK(bench.log.events.size() == 1);
}

TEST_CASE("a dry run knows the queue's length and the calls' deadlines", "[rate_limiter]") {
    RateLimiterOptions options = RateLimiterBench::ten_a_second();
    options.max_queued = 2;
    options.dry_run = true;
    RateLimiterBench bench(options);
    CHECK(bench.passes());
    CHECK(proceeds(bench.ask(Priority::normal, bench.now + 100ms)->answer));
    CHECK(bench.snapshot().refused == 1); // its token would come with its deadline
    CHECK(bench.passes());
    CHECK(bench.passes());
    CHECK(bench.snapshot().refused == 1);
    CHECK(bench.passes()); // two would be waiting
    CHECK(bench.snapshot().refused == 2);
}
