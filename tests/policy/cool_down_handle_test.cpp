#include <backstay/policy/cool_down.hpp>

#include "support/catch.hpp"

#include "cool_down_bench.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

// Options, handles, what it tells, and the dry run.

namespace {

/// What the constructor says of these options; empty when it takes them.
std::string complaint(const CoolDownOptions& options) {
    try {
        const CoolDown cool_down(options);
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

/// Keeps what an event says in words.
struct Words final : Observer {
    std::string detail;
    void on_event(const Event& event) override { detail = event.detail; }
};

} // namespace

TEST_CASE("options out of range are named with their value and what is allowed (cool_down)", "[cool_down]") {
    CHECK(complaint({}).empty());
    CHECK(complaint({.key = nullptr}).empty());
    CHECK(complaint({.unavailable_count = 0}) ==
          "CoolDownOptions.unavailable_count is 0, allowed is 1 to 1000");
    const auto names = [](const CoolDownOptions& options, std::string_view field) {
        return complaint(options).find(field) != std::string::npos;
    };
    CHECK(names({.max_cool_down = 0s}, "max_cool_down"));
    CHECK(names({.max_cool_down = Duration::max()}, "max_cool_down"));
    CHECK(names({.unavailable_window = 0s}, "unavailable_window"));
    CHECK(names({.probe_every = 0s}, "probe_every"));
    CHECK(names({.probe_lease = -1s}, "probe_lease"));
    CHECK(names({.spread_ratio = 1.1}, "spread_ratio"));
    CHECK(names({.spread_ratio = std::numeric_limits<double>::quiet_NaN()}, "spread_ratio"));
    CHECK(names({.spread_max = -1ns}, "spread_max"));
    CHECK(names({.max_keys = 0}, "max_keys"));
}

TEST_CASE("a cool-down describes its settings in words", "[cool_down]") {
    const StageDescription standard = CoolDown().describe();
    CHECK(standard.name == "cool_down");
    CHECK(standard.settings ==
          "closes at a 429 with a wait, or at 3 of 503 in 10 s with a probe every 5 s, for "
          "at most 1 min, releases over 10 % up to 1 s");
    CHECK(standard.queues);
    const StageDescription other = CoolDown({.pace = true, .key = nullptr, .dry_run = true}).describe();
    CHECK(other.settings.ends_with(", paces by quota, one gate for all, dry run"));
    CHECK_FALSE(other.queues);
}

TEST_CASE("states and causes of a cool-down have names", "[cool_down]") {
    CHECK(to_string(CoolDownState::pacing) == "pacing");
    CHECK(to_string(CoolDownCause::quota_spent) == "quota_spent");
}

TEST_CASE("a copy shares the gates, a clone has its own", "[cool_down]") {
    CoolDownBench bench({.probe_every = 7s});
    const CoolDown copy = bench.cool_down;
    const CoolDown clone = bench.cool_down.clone();
    bench.hear(reply(429, 10s));
    CHECK(copy.snapshot(bench.now, bench.settings.key).state == CoolDownState::closed);
    CHECK(clone.snapshot(bench.now, bench.settings.key).state == CoolDownState::open);
    CHECK(clone.options().probe_every == 7s);
}

TEST_CASE("beyond max_keys the gate that nobody used for longest is forgotten, but none at which one waits",
          "[cool_down]") {
    CoolDownBench bench({.max_keys = 2});
    bench.settings.key.origin = "a";
    bench.hear(reply(429, 30s));
    const auto held = bench.ask();
    for (const char* origin : {"b", "c", "d"}) {
        bench.settings.key.origin = origin;
        bench.hear(reply(429, 30s));
    }
    CHECK(bench.cool_down.snapshots(bench.now).size() == 2);
    CHECK(bench.state() == CoolDownState::closed);
    bench.settings.key.origin = "a";
    CHECK(bench.state() == CoolDownState::closed);
}

TEST_CASE("a gate that calls still ask is not the one that nobody used for longest", "[cool_down]") {
    CoolDownBench bench({.max_keys = 2});
    for (const char* origin : {"a", "b"}) {
        bench.settings.key.origin = origin;
        bench.hear(reply(429, 30s));
    }
    bench.settings.key.origin = "a";
    CHECK_FALSE(bench.passes());
    bench.settings.key.origin = "c";
    bench.hear(reply(429, 30s));
    bench.settings.key.origin = "a";
    CHECK(bench.state() == CoolDownState::closed);
}

TEST_CASE("clearing a key opens its gate alone and forgets what closed it", "[cool_down]") {
    CoolDownBench bench;
    const CallKey red = bench.settings.key;
    bench.hear_times(3, reply(503, 30s));
    bench.hear(reply(429, 30s));
    bench.settings.key.credential = "blue";
    bench.hear(reply(429, 30s));
    bench.cool_down.clear(red);
    CHECK(bench.state() == CoolDownState::closed);
    bench.settings.key = red;
    CHECK(bench.passes());
    bench.hear_times(2, reply(503, 30s));
    CHECK(bench.passes());
    bench.hear(reply(503, 30s));
    CHECK_FALSE(bench.passes());
    bench.cool_down.clear(CallKey{.origin = "unknown"});
    CHECK(bench.cool_down.snapshots(bench.now).size() == 2);
}

TEST_CASE("clearing all opens every gate, and a probe that is out decides nothing any more", "[cool_down]") {
    for (const KeyFunction key : {KeyFunction(by_client), KeyFunction(nullptr)}) {
        CoolDownOptions options = CoolDownBench::without_spread();
        options.key = key;
        CoolDownBench bench(options);
        bench.hear_times(3, reply(503, 30s));
        bench.now += 5s;
        const auto probe = bench.ask();
        REQUIRE(bench.snapshot().probe_out);
        bench.cool_down.clear();
        CHECK_FALSE(bench.snapshot().probe_out);
        CHECK(bench.passes());
        bench.hear_times(3, reply(503, 30s));
        probe->call.settle(nullptr);
        CHECK(bench.state() == CoolDownState::closed);
    }
}

TEST_CASE("a closing tells by what and for how long", "[cool_down]") {
    CoolDownBench bench;
    Words words;
    SECTION("a 429") {
        bench.hear(reply(429, 300s));
        const Event* const told = bench.log.last(EventType::cooled_down);
        REQUIRE(told != nullptr);
        CHECK(told->kind == FailureKind::rate_limited);
        CHECK(told->status == 429);
        CHECK(told->hint_flags == (Failure::has_hint | Failure::hint_from_header));
        CHECK(told->delay == 60s);
        CHECK(told->at == bench.now);
        CHECK(told->origin == "https://api.example.com:443");
        CHECK_FALSE(told->dry_run);
        CHECK(bench.log.events.size() == 1);
    }
    SECTION("in words") {
        bench.settings.observer = &words;
        bench.hear(reply(429, 300s));
        CHECK(words.detail == "rate_limited named 300 s");
        bench.cool_down.clear();
        bench.hear_times(3, reply(503, 1500ms));
        CHECK(words.detail == "3 times service_unavailable, the last named 1.5 s");
    }
    SECTION("to nobody") {
        bench.settings.observer = nullptr;
        bench.hear(reply(429, 300s));
        CHECK(bench.state() == CoolDownState::closed);
    }
}

TEST_CASE("an observer may ask and clear the cool-down: no event under a lock", "[cool_down]") {
    struct Curious final : Observer {
        explicit Curious(CoolDownBench& asked) : bench(&asked) {}
        void on_event(const Event& event) override {
            closed = bench->cool_down.snapshot(event.at, bench->settings.key).state == CoolDownState::closed;
            (void)bench->cool_down.snapshots(event.at);
            bench->cool_down.clear();
        }
        CoolDownBench* bench;
        bool closed = false;
    };
    CoolDownBench bench;
    Curious curious(bench);
    bench.settings.observer = &curious;
    bench.hear(reply(429, 10s));
    CHECK(curious.closed);
    CHECK(bench.passes());
}

TEST_CASE("a dry run decides, counts and reports, and holds nobody", "[cool_down]") {
    CoolDownOptions options = CoolDownBench::without_spread();
    options.dry_run = true;
    CoolDownBench bench(options);
    bench.hear(reply(429, 10s));
    CHECK(bench.log.last(EventType::cooled_down)->dry_run);
    bench.now += 4s;

    const auto held = bench.ask();
    CHECK(proceeds(held->answer));
    const Event* const told = bench.log.last(EventType::refused);
    REQUIRE(told != nullptr);
    CHECK(told->dry_run);
    CHECK(told->kind == FailureKind::cooling_down);
    CHECK(told->refused_by == RefusedBy::cool_down);
    CHECK(told->delay == 6s);
    CHECK(told->detail == "would wait");
    CHECK(proceeds(bench.ask_until(bench.now + 6s)->answer));
    CHECK(bench.log.last(EventType::refused)->detail == "would be refused");
    CHECK(bench.snapshot().held == 1);
    CHECK(bench.snapshot().refused == 1);
    CHECK(bench.snapshot().waiting == 0);

    held->call.fail(reply(429, 60s)); // it would not have been sent
    CHECK(bench.remaining() == 6s);
    bench.now += 6s;
    CHECK(bench.passes());
    CHECK(bench.log.count(EventType::refused) == 2);
    held->call.fail(reply(429, 5s)); // now it is one like others
    CHECK(bench.remaining() == 5s);
}

TEST_CASE("a dry run sends its probes as such, and they open the gate", "[cool_down]") {
    CoolDownOptions options;
    options.dry_run = true;
    CoolDownBench bench(options);
    bench.hear_times(3, reply(503, 30s));
    bench.ask()->call.succeed(); // would have waited
    CHECK(bench.state() == CoolDownState::closed);
    bench.now += 5s;
    bench.ask()->call.succeed();
    CHECK(bench.state() == CoolDownState::open);
    CHECK(bench.log.count(EventType::refused) == 1);
}
