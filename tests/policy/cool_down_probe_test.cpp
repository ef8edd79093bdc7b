#include <backstay/policy/cool_down.hpp>

#include "support/catch.hpp"

#include "cool_down_bench.hpp"

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

// Knocking at a gate that 503s closed.

namespace {

/// Closed by 503s.
struct Closed : CoolDownBench {
    explicit Closed(Duration wait = 50s, const CoolDownOptions& options = without_spread())
        : CoolDownBench(options) {
        hear_times(3, reply(503, wait));
    }
    /// A probe under way, at the time of the first.
    std::unique_ptr<Caller> probe() {
        now += 5s;
        auto one = ask();
        REQUIRE(proceeds(one->answer));
        one->call.begin_attempt();
        return one;
    }
};

} // namespace

TEST_CASE("a gate closed by 503s lets one probe through every five seconds", "[cool_down]") {
    Closed bench;
    CHECK(bench.snapshot().next_chance == bench.now + 5s);
    bench.now += 5s - 1ns;
    CHECK_FALSE(bench.passes());
    bench.now += 1ns;
    CHECK(bench.snapshot().next_chance == bench.now);
    const auto first = bench.ask();
    REQUIRE(proceeds(first->answer));
    CHECK(bench.snapshot().probe_out);
    CHECK_FALSE(bench.passes());
    bench.now += 1s;
    first->call.fail(lost());
    CHECK_FALSE(bench.snapshot().probe_out);
    CHECK_FALSE(bench.passes());
    CHECK(bench.snapshot().next_chance == bench.now + 4s);
    bench.now += 4s;
    CHECK(bench.passes());
}

TEST_CASE("one probe at a time, however long it takes", "[cool_down]") {
    Closed bench;
    const auto probe = bench.probe();
    bench.now += 20s;
    CHECK_FALSE(bench.passes());
}

TEST_CASE("any reply but a 429 or a 503 with a wait opens it", "[cool_down]") {
    Closed bench;
    const auto probe = bench.probe();
    SECTION("success") {
        probe->call.settle(nullptr);
    }
    SECTION("404") {
        probe->call.settle(reply(404));
    }
    SECTION("500") {
        probe->call.settle(reply(500));
    }
    SECTION("503 without a wait") {
        probe->call.settle(reply(503));
    }
    SECTION("503 with a wait of nothing") {
        probe->call.settle(reply(503, 0s));
    }
    CHECK(bench.state() == CoolDownState::open);
    CHECK(bench.passes());
    bench.hear(reply(503, 30s)); // it takes several again: one node may still be away
    CHECK(bench.passes());
}

TEST_CASE("what is no such reply leaves it closed", "[cool_down]") {
    Closed bench;
    const auto probe = bench.probe();
    SECTION("503 with a wait") {
        probe->call.settle(reply(503, 5s));
        CHECK(bench.remaining() == 45s);
    }
    SECTION("503 with a longer wait") {
        probe->call.settle(reply(503, 55s));
        CHECK(bench.remaining() == 55s);
    }
    SECTION("429 without a wait") {
        probe->call.settle(reply(429));
    }
    SECTION("no reply") {
        probe->call.settle(lost());
    }
    SECTION("too late") {
        probe->call.settle(lost(FailureKind::attempt_timeout));
    }
    SECTION("refused further inside") {
        probe->call.settle(refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 1s));
    }
    CHECK(bench.state() == CoolDownState::closed);
    CHECK_FALSE(bench.snapshot().probe_out);
    CHECK_FALSE(bench.passes()); // not before the next one's time
    bench.now += 5s;
    CHECK(bench.passes());
}

TEST_CASE("a gate closed by a 429 is not knocked at early", "[cool_down]") {
    CoolDownBench bench(CoolDownBench::without_spread());
    bench.hear(reply(429, 50s));
    CHECK(bench.snapshot().next_chance == bench.now + 50s);
    for (int second = 0; second < 50; ++second) {
        CHECK_FALSE(bench.passes());
        bench.now += 1s;
    }
    CHECK(bench.passes());
}

TEST_CASE("a 429 stops the knocking at a gate that 503s closed, for as long as it says", "[cool_down]") {
    Closed bench;
    SECTION("for a while") {
        bench.probe()->call.settle(reply(429, 20s));
        CHECK(bench.remaining() == 45s);
        CHECK(bench.snapshot().cause == CoolDownCause::rate_limited);
        CHECK(bench.snapshot().next_chance == bench.now + 20s);
        bench.now += 20s - 1ns;
        CHECK_FALSE(bench.passes());
        bench.now += 1ns;
        CHECK(bench.passes());
    }
    SECTION("to its end") {
        bench.hear(reply(429, 60s));
        CHECK(bench.snapshot().next_chance == bench.now + 60s);
    }
    SECTION("a good reply does not open what a 429 closed meanwhile") {
        const auto probe = bench.probe();
        bench.hear(reply(429, 10s));
        probe->call.settle(nullptr);
        CHECK(bench.remaining() == 10s);
    }
}

TEST_CASE("a hung probe does not block for ever", "[cool_down]") {
    Closed bench(50s);
    const auto hung = bench.probe();
    bench.hear(reply(503, 60s));
    bench.now += 50s;
    bench.hear(reply(503, 60s));
    bench.now += 10s - 1ns;
    CHECK_FALSE(bench.passes());
    CHECK(bench.snapshot().probe_out);
    bench.now += 1ns;
    CHECK_FALSE(bench.snapshot().probe_out);
    const auto heir = bench.ask();
    REQUIRE(proceeds(heir->answer));

    hung->call.settle(nullptr); // too late: decides nothing, frees nothing
    CHECK(bench.state() == CoolDownState::closed);
    CHECK(bench.snapshot().probe_out);
    heir->call.succeed();
    CHECK(bench.state() == CoolDownState::open);
}

TEST_CASE("a cancelled probe decides nothing, and gives its place back at once", "[cool_down]") {
    Closed bench;
    for (int i = 0; i < 6; ++i) {
        const auto probe = i == 0 ? bench.probe() : bench.ask();
        REQUIRE(proceeds(probe->answer));
        switch (i % 3) {
        case 0:
            probe->leave();
            break;
        case 1:
            probe->call.settle(lost(FailureKind::canceled));
            break;
        default: // cancelled while a reply came
            probe->call.settle({.kind = FailureKind::canceled, .reach = Reach::answered, .status = 404});
        }
        CHECK(bench.state() == CoolDownState::closed);
        CHECK_FALSE(bench.snapshot().probe_out);
        CHECK(bench.snapshot().next_chance == bench.now);
    }
}

TEST_CASE("a probe of an earlier closing says nothing about this one", "[cool_down]") {
    Closed bench(10s);
    const auto late = bench.probe();
    bench.now += 5s; // opened by time
    REQUIRE(bench.state() == CoolDownState::open);
    bench.hear_times(3, reply(503, 30s));
    late->call.settle(nullptr);
    CHECK(bench.state() == CoolDownState::closed);
    bench.now += 5s;
    CHECK(bench.passes());
}

TEST_CASE("the first who waits becomes the probe when its time comes", "[cool_down]") {
    Closed bench(50s);
    const auto first = bench.ask();
    const auto second = bench.ask();
    CHECK(first->answer.until == bench.now + 5s);
    CHECK(second->answer.until == bench.now + 50s);
    bench.now += 5s;
    CHECK(proceeds(first->ask()));
    CHECK_FALSE(second->woken()); // it is the first now, but the lease ends later than the cool-down

    first->call.fail(lost());
    REQUIRE(second->woken());
    CHECK(waits(second->ask()));
    CHECK(second->answer.until == bench.now + 5s);
}

TEST_CASE("the first who waits keeps its place while others take its turn to knock", "[cool_down]") {
    Closed bench(50s);
    const auto first = bench.ask();
    const auto second = bench.ask();
    bench.now += 5s;
    const auto newcomer = bench.ask();
    REQUIRE(proceeds(newcomer->answer));
    CHECK(waits(first->ask()));
    CHECK(waits(second->ask()));
    newcomer->leave();
    CHECK(first->woken());
    CHECK_FALSE(second->woken());
    CHECK(proceeds(first->ask()));
}

TEST_CASE("when the first leaves, the next one looks for the probe's time", "[cool_down]") {
    Closed bench(50s);
    const auto first = bench.ask();
    const auto second = bench.ask();
    const auto third = bench.ask();
    first->leave();
    REQUIRE(second->woken());
    CHECK_FALSE(third->woken());
    CHECK(waits(second->ask()));
    CHECK(second->answer.until == start_of_test + 5s);
    third->leave();
    CHECK_FALSE(second->woken());
}

TEST_CASE("a longer wait that dooms the first has the next one look, and nobody is forgotten",
          "[cool_down]") {
    Closed bench(30s);
    const auto hurried = bench.ask_until(bench.now + 40s);
    const auto patient = bench.ask();
    const auto probe = bench.probe();
    bench.now += 1s;
    probe->call.settle(reply(503, 60s));
    CHECK(hurried->woken());
    CHECK(patient->woken());
    CHECK(rejects(hurried->ask()));
    CHECK(waits(patient->ask()));
    CHECK(patient->answer.until == bench.now + 4s);
}

TEST_CASE("a successful probe releases those who wait", "[cool_down]") {
    Closed bench(50s, CoolDownOptions());
    const auto held = bench.ask_times(10);
    bench.now += 5s;
    REQUIRE(proceeds(held[0]->ask()));
    held[0]->call.succeed();
    for (std::size_t i = 1; i < held.size(); ++i) {
        REQUIRE(held[i]->woken());
        CHECK(waits(held[i]->ask()));
        CHECK(held[i]->answer.until <= bench.now + 1s);
    }
    bench.now += 1s;
    for (std::size_t i = 1; i < held.size(); ++i) {
        CHECK(proceeds(held[i]->ask()));
    }
}

TEST_CASE("a probe needs no deadline beyond the end", "[cool_down]") {
    Closed bench;
    bench.now += 5s;
    CHECK(proceeds(bench.ask_until(bench.now + 1s)->answer));
}
