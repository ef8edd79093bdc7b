#include <backstay/policy/cool_down.hpp>

#include "support/catch.hpp"

#include "cool_down_bench.hpp"

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

// What closes a gate, for how long, and for whom.

TEST_CASE("without any refusal calls pass, and no key has a gate", "[cool_down]") {
    CoolDownBench bench;
    CHECK(bench.passes());
    bench.hear(reply(500));
    bench.hear(lost());
    CHECK(bench.passes());
    CHECK(bench.cool_down.snapshots(bench.now).empty());
    CHECK(bench.state() == CoolDownState::open);
    CHECK(bench.snapshot().next_chance == bench.now);
}

TEST_CASE("one 429 with a wait holds back all calls of the client until its end", "[cool_down]") {
    CoolDownBench bench(CoolDownBench::without_spread());
    bench.hear(reply(429, 10s));
    CHECK(bench.state() == CoolDownState::closed);
    CHECK(bench.snapshot().cause == CoolDownCause::rate_limited);
    CHECK(bench.remaining() == 10s);
    CHECK(bench.snapshot().next_chance == bench.now + 10s);

    const auto held = bench.ask_times(3);
    for (const auto& one : held) {
        CHECK(one->answer.until == bench.now + 10s);
    }
    CHECK(bench.snapshot().waiting == 3);
    CHECK(bench.snapshot().held == 3);

    bench.now += 10s - 1ns;
    CHECK_FALSE(held[0]->due());
    CHECK(waits(held[0]->ask()));
    bench.now += 1ns;
    for (const auto& one : held) {
        REQUIRE(one->due());
        CHECK(proceeds(one->ask()));
    }
    CHECK(bench.snapshot().waiting == 0);
    CHECK(bench.state() == CoolDownState::open);
    CHECK(bench.passes());
}

TEST_CASE("a 429 that names no wait, or none at all, closes nothing", "[cool_down]") {
    CoolDownBench bench;
    bench.hear(reply(429));
    bench.hear(reply(429, 0s));
    bench.hear_times(5, reply(503, 0s));
    bench.hear_times(5, reply(503));
    CHECK(bench.passes());
    CHECK(bench.cool_down.snapshots(bench.now).empty());
}

TEST_CASE("one node in maintenance is not the service: single 503s close nothing", "[cool_down]") {
    CoolDownBench bench;
    bench.hear_times(2, reply(503, 30s));
    CHECK(bench.passes());
    bench.now += 10s; // the first ones are too long ago by now
    bench.hear_times(2, reply(503, 30s));
    CHECK(bench.passes());
    bench.now += 10s - 1ns;
    bench.hear(reply(503, 30s));
    CHECK_FALSE(bench.passes());
    CHECK(bench.snapshot().cause == CoolDownCause::unavailable);
    CHECK(bench.remaining() == 30s);
    CHECK(bench.log.count(EventType::cooled_down) == 1);
}

TEST_CASE("503s are the service when so many come within the window, by option one", "[cool_down]") {
    CoolDownBench bench({.unavailable_count = 1});
    bench.hear(reply(503, 5s));
    CHECK_FALSE(bench.passes());
}

TEST_CASE("what was refused here closes nothing", "[cool_down]") {
    CoolDownBench bench({.unavailable_count = 1});
    for (const FailureKind kind :
         {FailureKind::rate_limited, FailureKind::service_unavailable, FailureKind::cooling_down}) {
        bench.hear(refusal(kind, RefusedBy::rate_limiter, 10s));
        CHECK(bench.passes());
    }
}

TEST_CASE("an absurd header must not stop a service for a day", "[cool_down]") {
    CoolDownBench bench;
    for (const Duration absurd : {Duration(24h), Duration::max()}) {
        bench.hear(reply(429, absurd));
        CHECK(bench.remaining() == 60s);
        bench.now += 60s;
        CHECK(bench.passes());
        bench.hear(reply(429, absurd)); // the next refusal closes it again
        CHECK(bench.remaining() == 60s);
        bench.now += 60s;
    }
    bench.hear_times(3, reply(503, Duration::max()));
    CHECK(bench.remaining() == 60s);
}

TEST_CASE("a longer wait lengthens a closed gate, a shorter one never shortens it", "[cool_down]") {
    CoolDownBench bench;
    bench.hear(reply(429, 10s));
    bench.now += 1s;
    bench.hear(reply(429, 5s));
    CHECK(bench.remaining() == 9s);
    bench.hear(reply(429, 9s));
    CHECK(bench.remaining() == 9s);
    bench.hear(reply(429, 20s));
    CHECK(bench.remaining() == 20s);
    CHECK(bench.log.count(EventType::cooled_down) == 1); // it was closed all the time
    CHECK(bench.snapshot().closings == 1);
}

TEST_CASE("a gate that 503s closed is lengthened by each, one that a 429 closed is not by one 503",
          "[cool_down]") {
    CoolDownBench bench;
    SECTION("by 503s") {
        bench.hear_times(3, reply(503, 10s));
        bench.hear(reply(503, 20s));
        CHECK(bench.remaining() == 20s);
    }
    SECTION("by a 429") {
        bench.hear(reply(429, 10s));
        bench.hear_times(2, reply(503, 20s));
        CHECK(bench.remaining() == 10s);
        bench.hear(reply(503, 20s));
        CHECK(bench.remaining() == 20s);
        CHECK(bench.snapshot().cause == CoolDownCause::rate_limited); // until the 429's time is over
        bench.now += 10s;
        CHECK(bench.snapshot().cause == CoolDownCause::unavailable);
    }
}

TEST_CASE("a call whose deadline comes before the end is refused at once with the time that remains",
          "[cool_down]") {
    CoolDownBench bench;
    bench.hear(reply(429, 10s));
    bench.now += 2s;
    CHECK(bench.ask_until(bench.now + 8s)->answer.failure ==
          refusal(FailureKind::cooling_down, RefusedBy::cool_down, 8s));
    CHECK(rejects(bench.ask_until(bench.now + 1s)->answer));
    CHECK(bench.snapshot().refused == 2);
    CHECK(bench.snapshot().waiting == 0);
    CHECK(bench.log.count(EventType::refused) == 0); // that is the driver's to report

    const auto barely = bench.ask_until(bench.now + 8s + 2ns); // compared before the spread
    REQUIRE(barely->waiting());
    CHECK(barely->answer.until <= bench.now + 8s + 1ns);
}

TEST_CASE("a call waits at a gate no longer than it will for a server, be it that a wait is lengthened",
          "[cool_down]") {
    CoolDownBench bench;
    bench.settings.overrides.max_server_wait = 2s;
    bench.hear(reply(429, 20s));
    CHECK(bench.ask()->answer.failure == refusal(FailureKind::cooling_down, RefusedBy::cool_down, 20s));
    bench.now += 18s; // compared before the spread
    auto held = bench.ask();
    REQUIRE(held->waiting());
    bench.now += 1s;
    bench.hear(reply(429, 2s));
    held->ask();
    CHECK(rejects(held->answer));
}

TEST_CASE("one tenant's 429 does not stop the others", "[cool_down]") {
    CoolDownBench bench;
    bench.settings.key = {.origin = "https://a", .credential = "red", .partition = "eu", .operation = "get"};
    bench.hear(reply(429, 10s));
    CHECK_FALSE(bench.passes());
    bench.settings.key.operation = "put";
    CHECK_FALSE(bench.passes());
    const CallKey limited = bench.settings.key;
    for (const CallKey& other : {CallKey{.origin = "https://a", .credential = "blue", .partition = "eu"},
                                 CallKey{.origin = "https://a", .credential = "red", .partition = "us"},
                                 CallKey{.origin = "https://b", .credential = "red", .partition = "eu"}}) {
        bench.settings.key = other;
        CHECK(bench.passes());
        CHECK(bench.state() == CoolDownState::open);
    }
    CHECK(bench.cool_down.snapshot(bench.now, limited).state == CoolDownState::closed);
    REQUIRE(bench.cool_down.snapshots(bench.now).size() == 1); // looking made none
    CHECK(bench.cool_down.snapshots(bench.now).front().key == "https://a credential=red partition=eu");
}

TEST_CASE("a key function decides who shares a gate, null has all share one", "[cool_down]") {
    CoolDownBench bench({.key = by_origin});
    bench.hear(reply(429, 10s));
    bench.settings.key.credential = "other";
    CHECK_FALSE(bench.passes());
    bench.settings.key.origin = "https://other";
    CHECK(bench.passes());

    CoolDownBench unkeyed({.key = nullptr});
    unkeyed.hear(reply(429, 10s));
    unkeyed.settings.key.origin = "https://other";
    CHECK_FALSE(unkeyed.passes());
    CHECK(unkeyed.cool_down.snapshots(unkeyed.now).size() == 1);
}

TEST_CASE("the classifier says what closes a gate", "[cool_down]") {
    constexpr auto own = static_cast<FailureKind>(200);
    CoolDownOptions options;
    options.classifier.set(FailureKind::rate_limited, {Repeat::always, Vote::failure, true});
    options.classifier.set(FailureKind::service_unavailable, {Repeat::if_safe, Vote::failure, false});
    options.classifier.set(FailureKind::server_error, {Repeat::if_safe, Vote::failure, true});
    options.classifier.set(own, {Repeat::never, Vote::neutral, true});
    SECTION("a 503 of which it says no does not") {
        CoolDownBench bench(options);
        bench.hear_times(3, reply(503, 10s));
        CHECK(bench.passes());
    }
    SECTION("a 429 closes at once, however it is counted elsewhere") {
        CoolDownBench bench(options);
        bench.hear(reply(429, 10s));
        CHECK_FALSE(bench.passes());
    }
    SECTION("another failure of the service closes in number") {
        CoolDownBench bench(options);
        bench.hear_times(2, reply(500, 10s));
        CHECK(bench.passes());
        bench.hear(reply(500, 10s));
        CHECK_FALSE(bench.passes());
    }
    SECTION("a kind of the user's own that is not the service's failure closes at once") {
        CoolDownBench bench(options);
        bench.hear(Failure{.kind = own, .reach = Reach::answered}.set_hint(10s));
        CHECK_FALSE(bench.passes());
    }
}
