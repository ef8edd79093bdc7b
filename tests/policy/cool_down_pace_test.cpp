#include <backstay/policy/cool_down.hpp>

#include "support/catch.hpp"

#include "cool_down_bench.hpp"

#include <limits>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

// What replies tell of a quota, heeded by option.

namespace {

struct Paced : CoolDownBench {
    explicit Paced(const CoolDownOptions& options = without_spread()) : CoolDownBench(with_pace(options)) {}

    static CoolDownOptions with_pace(CoolDownOptions options) {
        options.pace = true;
        return options;
    }
    /// A reply that came now, to a call that had passed before.
    void told(std::uint64_t remaining, Duration resets_in, const Failure* failure = nullptr) {
        const auto one = caller();
        one->call.begin_attempt();
        one->call.context.quota = {.remaining = remaining, .resets_in = resets_in};
        one->call.settle(failure);
    }
};

} // namespace

TEST_CASE("with r requests for t seconds, r requests last t seconds", "[cool_down][pace]") {
    Paced bench;
    bench.told(5, 10s);
    CHECK(bench.state() == CoolDownState::pacing);
    const TimePoint began = bench.now;
    const auto callers = bench.ask_times(7);
    CHECK(proceeds(callers[0]->answer)); // the first at once
    for (std::size_t i = 1; i < 5; ++i) {
        CHECK(callers[i]->answer.until == began + 2s * static_cast<int>(i));
    }
    CHECK(callers[5]->answer.until == began + 10s); // those wait for the next quota
    CHECK(callers[6]->answer.until == began + 10s);
    CHECK(bench.snapshot().next_chance == began + 10s);
    bench.now += 2s;
    CHECK(proceeds(callers[1]->ask()));
    CHECK(waits(callers[2]->ask())); // too soon
    CHECK(callers[2]->answer.until == began + 4s);
    bench.now += 8s;
    for (std::size_t i = 2; i < 7; ++i) {
        CHECK(proceeds(callers[i]->ask()));
    }
    CHECK(bench.state() == CoolDownState::open);
}

TEST_CASE("a call that keeps to the pace by itself never waits", "[cool_down][pace]") {
    Paced bench;
    for (std::uint64_t left = 5; left > 0; --left) {
        bench.told(left, 2s * static_cast<int>(left));
        CHECK(bench.passes());
        bench.now += 2s;
    }
    CHECK(bench.snapshot().held == 0);
}

TEST_CASE("who waited for the next quota is spread", "[cool_down][pace]") {
    Paced bench(CoolDownOptions{});
    bench.told(1, 10s);
    CHECK(bench.passes());
    bool spread = false;
    for (int i = 0; i < 10; ++i) {
        const auto held = bench.ask();
        REQUIRE(held->waiting());
        CHECK(held->answer.until <= bench.now + 11s);
        spread = spread || held->answer.until > bench.now + 10s;
    }
    CHECK(spread);
}

TEST_CASE("a quota of which nothing is left closes the gate, and nobody knocks", "[cool_down][pace]") {
    Paced bench;
    bench.told(0, 30s);
    CHECK(bench.state() == CoolDownState::closed);
    CHECK(bench.snapshot().cause == CoolDownCause::quota_spent);
    CHECK(bench.remaining() == 30s);
    CHECK(bench.snapshot().next_chance == bench.now + 30s);
    const Event* const told = bench.log.last(EventType::cooled_down);
    REQUIRE(told != nullptr);
    CHECK(told->kind == FailureKind::none);
    CHECK(told->delay == 30s);
    bench.hear(reply(429, 40s));
    CHECK(bench.snapshot().cause == CoolDownCause::rate_limited);
}

TEST_CASE("a call that cannot wait for its turn is refused, and takes none", "[cool_down][pace]") {
    Paced bench;
    bench.told(5, 10s);
    CHECK(bench.passes());
    CHECK(bench.ask_until(bench.now + 2s)->answer.failure ==
          refusal(FailureKind::cooling_down, RefusedBy::cool_down, 2s));
    CHECK(bench.ask_until(bench.now + 3s)->answer.until == bench.now + 2s);
    CHECK(bench.snapshot().refused == 1);
}

TEST_CASE("a pace is not obeyed longer than a cool-down, whatever the header says", "[cool_down][pace]") {
    Paced bench;
    bench.told(2, 24h);
    CHECK(bench.passes());
    CHECK(bench.ask()->answer.until == bench.now + 60s);
    bench.told(std::numeric_limits<std::uint64_t>::max(), Duration::max());
    bench.now += 60s;
    CHECK(bench.state() == CoolDownState::open);
    CHECK(bench.passes());
}

TEST_CASE("the latest word counts: more quota quickens the pace", "[cool_down][pace]") {
    Paced bench;
    bench.told(1, 50s);
    CHECK(bench.passes());
    CHECK(bench.snapshot().next_chance == bench.now + 50s);
    bench.told(50, 50s);
    CHECK(bench.snapshot().next_chance == bench.now + 1s);
}

TEST_CASE("a refusal with a wait is heeded instead of the quota beside it", "[cool_down][pace]") {
    Paced bench;
    const Failure refused = reply(429, 5s);
    bench.told(0, 30s, &refused);
    CHECK(bench.remaining() == 5s);
}

TEST_CASE("clearing ends a pace", "[cool_down][pace]") {
    Paced bench;
    bench.told(2, 50s);
    CHECK(bench.passes());
    const auto held = bench.ask();
    REQUIRE(held->waiting());
    bench.cool_down.clear();
    REQUIRE(held->woken());
    CHECK(proceeds(held->ask()));
    CHECK(bench.passes());
}

TEST_CASE("a quota is taken by who heeds it, so that the next attempt does not tell it again",
          "[cool_down][pace]") {
    Paced bench;
    const auto one = bench.ask();
    one->call.begin_attempt();
    one->call.context.quota = {.remaining = 5, .resets_in = 10s};
    one->call.settle(nullptr);
    CHECK_FALSE(one->call.context.quota.told());
    CHECK(bench.state() == CoolDownState::pacing);
}

TEST_CASE("without the option a quota is nothing", "[cool_down][pace]") {
    CoolDownBench bench;
    const auto one = bench.ask();
    one->call.begin_attempt();
    one->call.context.quota = {.remaining = 0, .resets_in = 10s};
    one->call.settle(nullptr);
    CHECK(bench.cool_down.snapshots(bench.now).empty());
    CHECK(bench.passes());
}

TEST_CASE("a dry run reports who would wait for a turn, and gives the turns away", "[cool_down][pace]") {
    CoolDownOptions options;
    options.dry_run = true;
    Paced bench(options);
    bench.told(5, 10s);
    CHECK(bench.passes());
    CHECK(bench.log.count(EventType::refused) == 0);
    CHECK(bench.passes());
    REQUIRE(bench.log.count(EventType::refused) == 1);
    CHECK(bench.log.last(EventType::refused)->delay == 2s);
    CHECK(bench.passes());
    CHECK(bench.log.last(EventType::refused)->delay == 4s);
}
