#include <backstay/policy/cool_down.hpp>

#include "support/catch.hpp"

#include "cool_down_bench.hpp"

#include <algorithm>
#include <set>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

// Those who wait: how they are released, and what happens to them meanwhile.

namespace {

/// When each is released, told by asking as the driver does; the clock goes on until nobody waits.
std::vector<TimePoint> releases(CoolDownBench& bench,
                                const std::vector<std::unique_ptr<CoolDownBench::Caller>>& callers) {
    std::vector<TimePoint> at;
    for (;;) {
        TimePoint next = end_of_time;
        for (const auto& one : callers) {
            if (one->due() && proceeds(one->ask())) {
                at.push_back(bench.now);
            }
            if (one->waiting()) {
                next = std::min(next, one->answer.until);
            }
        }
        if (next == end_of_time) {
            return at;
        }
        bench.now = std::max(bench.now, next);
    }
}

Duration extent(const std::vector<TimePoint>& times) {
    const auto [first, last] = std::minmax_element(times.begin(), times.end());
    return *last - *first;
}

} // namespace

TEST_CASE("released callers do not return at once", "[cool_down]") {
    CoolDownBench bench;
    SECTION("but over a second after a long wait") {
        bench.hear(reply(429, 30s));
        const TimePoint end = bench.now + 30s;
        const auto at = releases(bench, bench.ask_times(100));
        REQUIRE(at.size() == 100);
        CHECK(*std::min_element(at.begin(), at.end()) >= end);
        CHECK(*std::max_element(at.begin(), at.end()) <= end + 1s);
        CHECK(extent(at) > 900ms);
        CHECK(std::set<TimePoint>(at.begin(), at.end()).size() == 100);
    }
    SECTION("but over a tenth of a short one") {
        bench.hear(reply(429, 2s));
        const TimePoint end = bench.now + 2s;
        const auto at = releases(bench, bench.ask_times(100));
        CHECK(*std::max_element(at.begin(), at.end()) <= end + 200ms);
        CHECK(extent(at) > 180ms);
    }
    SECTION("but over a tenth of the whole, when it was lengthened") {
        bench.hear(reply(429, 2s));
        const auto callers = bench.ask_times(100);
        bench.now += 1s;
        bench.hear(reply(429, 3s));
        const auto at = releases(bench, callers);
        CHECK(extent(at) > 360ms);
        CHECK(extent(at) <= 400ms);
    }
}

TEST_CASE("a caller without much time left is spread over less, so that its attempt has half of it",
          "[cool_down]") {
    CoolDownBench bench;
    bench.hear(reply(429, 30s));
    for (int i = 0; i < 50; ++i) {
        const auto caller = bench.ask_until(bench.now + 30s + 100ms);
        CHECK(caller->answer.until <= bench.now + 30s + 50ms);
    }
}

TEST_CASE("who comes after the end is nobody who was released: it passes", "[cool_down]") {
    CoolDownBench bench;
    bench.hear(reply(429, 30s));
    const auto held = bench.ask();
    bench.now += 30s;
    CHECK(bench.passes());
    CHECK_FALSE(held->due());
}

TEST_CASE("a gate that is lengthened holds on whoever it has not released", "[cool_down]") {
    CoolDownBench bench(CoolDownBench::without_spread());
    bench.hear(reply(429, 10s));
    const auto held = bench.ask();
    bench.now += 9s;
    bench.hear(reply(429, 5s));
    CHECK_FALSE(held->woken());
    bench.now += 1s;
    REQUIRE(held->due());
    CHECK(waits(held->ask()));
    CHECK(held->answer.until == bench.now + 4s);
    CHECK(bench.snapshot().held == 1); // the same one
}

TEST_CASE("when it is lengthened, those who cannot wait so long are refused at once", "[cool_down]") {
    CoolDownBench bench;
    bench.hear(reply(429, 10s));
    const auto patient = bench.ask();
    const auto hurried = bench.ask_until(bench.now + 15s);
    REQUIRE(hurried->waiting());
    bench.now += 5s;
    bench.hear(reply(429, 20s));
    CHECK_FALSE(patient->woken());
    REQUIRE(hurried->woken());
    CHECK(hurried->ask().failure == refusal(FailureKind::cooling_down, RefusedBy::cool_down, 20s));
    CHECK(bench.snapshot().waiting == 1);
}

TEST_CASE("a gate that closes again holds those who were about to be released", "[cool_down]") {
    CoolDownBench bench;
    bench.hear(reply(429, 10s));
    const auto held = bench.ask_times(20);
    bench.now += 10s;
    bench.hear(reply(429, 10s));
    bench.now += 1s;
    for (const auto& one : held) {
        REQUIRE(one->due());
        CHECK(waits(one->ask()));
        CHECK(one->answer.until >= bench.now + 9s);
    }
}

TEST_CASE("an early opening wakes those who wait, and spreads them too", "[cool_down]") {
    CoolDownBench bench;
    bench.hear(reply(429, 30s));
    const auto held = bench.ask_times(50);
    bench.now += 5s;
    bench.cool_down.clear(bench.settings.key);
    CHECK(bench.snapshot().waiting == 0);
    CHECK(bench.passes()); // a newcomer
    for (const auto& one : held) {
        CHECK(one->woken());
    }
    const TimePoint opened = bench.now;
    const auto at = releases(bench, held);
    REQUIRE(at.size() == 50);
    CHECK(*std::max_element(at.begin(), at.end()) <= opened + 1s);
    CHECK(extent(at) > 800ms);
}

TEST_CASE("an opening between the answer and the waker is not missed", "[cool_down]") {
    CoolDownBench bench(CoolDownBench::without_spread());
    bench.hear(reply(429, 30s));
    const auto one = bench.caller();
    REQUIRE(waits(one->call.admit()));
    bench.cool_down.clear();
    CHECK_FALSE(bench.cool_down.enqueue(one->call.mine(), Waker{}));
    CHECK(proceeds(one->call.admit()));
}

TEST_CASE("nobody waits twice: who waited out the wait itself is neither held nor spread", "[cool_down]") {
    CoolDownBench bench;
    const auto first = bench.ask();
    first->call.fail(reply(429, 10s));
    first->call.context.served_wait_until = bench.now + 10s + 200ms; // as the retry plans it
    SECTION("by the gate that its own refusal closed") {
        bench.now += 10s + 200ms;
        CHECK(proceeds(first->ask()));
    }
    SECTION("nor by the same wait that others were named a moment later") {
        bench.now += 500ms;
        bench.hear(reply(429, 10s));
        const auto other = bench.ask();
        bench.now += 9s + 700ms;
        REQUIRE(bench.remaining() == 300ms);
        CHECK(proceeds(first->ask()));
        CHECK_FALSE(other->due());
        CHECK(bench.snapshot().held == 1);
    }
    SECTION("but it is by a longer wait that was named meanwhile") {
        bench.now += 500ms;
        bench.hear(reply(429, 20s));
        bench.now += 9s + 700ms;
        CHECK(waits(first->ask()));
        CHECK(first->answer.until >= bench.now + 10s + 300ms);
    }
}

TEST_CASE("who leaves is forgotten and costs nobody anything", "[cool_down]") {
    CoolDownBench bench(CoolDownBench::without_spread());
    bench.hear(reply(429, 10s));
    const auto one = bench.ask();
    const auto two = bench.ask();
    one->leave();
    CHECK(bench.snapshot().waiting == 1);
    CHECK_FALSE(two->woken());
    bench.now += 10s;
    CHECK(proceeds(two->ask()));
    CHECK(bench.snapshot().waiting == 0);
}

TEST_CASE("a call that passed holds nothing at the gate", "[cool_down]") {
    CoolDownBench bench;
    auto under_way = bench.ask();
    bench.hear(reply(429, 10s));
    under_way->call.succeed(); // says nothing about now
    CHECK(bench.state() == CoolDownState::closed);
    under_way->leave();
    CHECK(bench.state() == CoolDownState::closed);
}

TEST_CASE("a woken caller may bring along others: no waker is called under the lock", "[cool_down]") {
    struct Asking final : Waker::Target {
        explicit Asking(CoolDownBench& of) : bench(&of) {}
        void wake() noexcept override {
            bench->cool_down.clear();
            passed = bench->passes();
        }
        CoolDownBench* bench;
        bool passed = false;
    };
    CoolDownBench bench;
    bench.hear(reply(429, 10s));
    const auto one = bench.caller();
    const auto asking = std::make_shared<Asking>(bench);
    REQUIRE(waits(one->call.admit()));
    REQUIRE(bench.cool_down.enqueue(one->call.mine(), Waker(asking)));
    const auto two = bench.ask();
    bench.cool_down.clear();
    CHECK(asking->passed);
    CHECK(two->woken());
}
