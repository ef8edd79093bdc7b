#include <backstay/policy/gradient2.hpp>

#include "support/catch.hpp"

#include <stdexcept>
#include <string>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start{1h};
constexpr LimitBounds wide{.initial = 100, .min = 1, .max = 1'000};
/// Every attempt is a window, and the new estimate is the limit: sums that fit on paper.
constexpr Gradient2Options plain{.smoothing = 1, .window = 0s, .window_samples = 1};

LimitSample good(Duration rtt, int in_flight = 1'000) {
    return {.rtt = rtt, .in_flight = in_flight, .dropped = false};
}
LimitSample drop(int in_flight = 1'000) {
    return {.rtt = 0ms, .in_flight = in_flight, .dropped = true};
}

/// Notes a whole window.
void window(Gradient2& law, TimePoint& now, int samples, int drops, Duration rtt = 10ms,
            int in_flight = 1'000) {
    for (int i = 0; i < samples; ++i) {
        law.note(now, good(rtt, in_flight));
    }
    now += 1s;
    for (int i = 0; i < drops; ++i) {
        law.note(now - (i + 1 < drops ? 1s : 0s), drop(in_flight));
    }
}

std::string complaint(const Gradient2Options& options) {
    try {
        const Gradient2 law(options, {});
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("while latency stays the limit grows by its square root", "[gradient2]") {
    Gradient2 law(plain, wide);
    law.note(start, good(10ms)); // 100 + 10
    CHECK(law.limit() == 110);
    law.note(start, good(10ms)); // 110 + 10.488
    CHECK(law.limit() == 120);
    law.note(start, good(15ms)); // 1.5 * 11.667 / 15 is more than 1: 120.488 + 10.977
    CHECK(law.limit() == 131);
}

TEST_CASE("beyond the tolerance it shrinks in proportion, before the square root is added", "[gradient2]") {
    Gradient2 law(plain, wide);
    law.note(start, good(10ms)); // 110
    law.note(start, good(10ms)); // 120.488
    law.note(start, good(40ms)); // long 20, gradient 1.5 * 20 / 40 = 0.75: 90.366 + 10.977
    CHECK(law.short_rtt() == 40ms);
    CHECK(law.long_rtt() == 20ms);
    CHECK(law.limit() == 101);
}

TEST_CASE("no outlier takes more than half", "[gradient2]") {
    Gradient2 law(plain, wide);
    law.note(start, good(10ms)); // 110
    law.note(start, good(10s));  // long 5.005 s, gradient 0.75075: 82.58 + 10.488
    CHECK(law.limit() == 93);
    Gradient2 settled(plain, wide);
    for (int i = 0; i < 10; ++i) {
        settled.note(start, good(10ms, 1)); // app-limited: still 100
    }
    settled.note(start, good(10s)); // long 43.24 ms: 50 + 10
    CHECK(settled.limit() == 60);
}

TEST_CASE("smoothing takes a fifth of the new estimate", "[gradient2]") {
    Gradient2 law({.window = 0s, .window_samples = 1}, wide);
    law.note(start, good(10ms)); // 80 + 0.2 * 110 = 102
    CHECK(law.limit() == 102);
    for (int i = 0; i < 4; ++i) {
        law.note(start, good(10ms)); // 104.02, 106.06, 108.12, 110.20
    }
    CHECK(law.limit() == 110);
}

TEST_CASE("the long average is even over ten windows and exponential after them", "[gradient2]") {
    Gradient2 law({.long_window = 19, .window = 0s, .window_samples = 1}, wide);
    for (int i = 1; i <= 10; ++i) {
        law.note(start, good(i * 10ms));
    }
    CHECK(law.long_rtt() == 55ms);
    law.note(start, good(105ms)); // a tenth of the way from 55 to 105
    CHECK(law.long_rtt() == 60ms);
}

TEST_CASE("a long average left over from an overload is forgotten faster", "[gradient2]") {
    Gradient2 law({.long_window = 19, .window = 0s, .window_samples = 1}, wide);
    for (int i = 0; i < 10; ++i) {
        law.note(start, good(400ms));
    }
    law.note(start, good(100ms)); // 370, more than twice 100, times 0.95
    CHECK(law.long_rtt() == 351'500us);
    law.note(start, good(300ms)); // 351.5 - 5.15, not more than twice 300
    CHECK(law.long_rtt() == 346'350us);
}

TEST_CASE("a limit that is not in use neither grows nor shrinks by latency", "[gradient2]") {
    Gradient2 law(plain, wide);
    law.note(start, good(10ms, 49));
    CHECK(law.limit() == 100);
    law.note(start, good(90ms, 49)); // would be 0.83
    CHECK(law.limit() == 100);
    law.note(start, good(50ms, 50));
    CHECK(law.limit() == 110);
}

TEST_CASE("the limit stays within its bounds", "[gradient2]") {
    Gradient2 law(plain, {.initial = 100, .min = 95, .max = 105});
    law.note(start, good(10ms));
    CHECK(law.limit() == 105);
    law.note(start, good(10s));
    CHECK(law.limit() == 95);
}

TEST_CASE("attempts are averaged over a window of time", "[gradient2]") {
    Gradient2 law({.smoothing = 1, .window = 1s, .window_samples = 3}, wide);
    law.note(start, good(10ms));
    law.note(start, good(20ms));
    law.note(start + 999ms, good(60ms));
    CHECK(law.short_rtt() == 0s);
    law.note(start + 1s, good(30ms));
    CHECK(law.short_rtt() == 30ms); // (10 + 20 + 60 + 30) / 4
    CHECK(law.limit() == 110);      // once
    law.note(start + 1'500ms, good(10ms));
    law.note(start + 3s, good(10ms)); // too few: the window goes on
    CHECK(law.short_rtt() == 30ms);
    law.note(start + 4s, good(10ms));
    CHECK(law.short_rtt() == 10ms);
}

TEST_CASE("the most that ran at once in a window decides whether the limit is in use", "[gradient2]") {
    Gradient2 law({.smoothing = 1, .window = 1s, .window_samples = 2}, wide);
    law.note(start, good(10ms, 70));
    law.note(start + 1s, good(10ms, 1));
    CHECK(law.limit() == 110);
}

TEST_CASE("the share of the attempts that were dropped bounds the gradient", "[gradient2]") {
    TimePoint now = start;
    Gradient2 law({.smoothing = 1, .window = 1s}, wide);
    window(law, now, 80, 20); // 100 * 0.8 + 10
    CHECK(law.limit() == 90);
    window(law, now, 10, 90); // 90 * 0.5 + 9.487, not 90 * 0.1
    CHECK(law.limit() == 54);
}

TEST_CASE("a stray drop among hundreds does not keep the limit from growing", "[gradient2]") {
    TimePoint now = start;
    Gradient2 law({.smoothing = 1, .window = 1s}, wide);
    window(law, now, 499, 1); // 99.8 + 10
    CHECK(law.limit() == 109);
}

TEST_CASE("trap: a total outage does not leave the limit high, though there is no latency to learn from",
          "[gradient2]") {
    for (const int in_flight : {1'000, 1}) { // timeouts that pile up, refusals that come at once
        TimePoint now = start;
        Gradient2 law({}, {.initial = 200, .min = 20, .max = 200});
        window(law, now, 0, 10, 0ms, in_flight); // 160 + 0.2 * (100 + 14.14) = 182.8
        CHECK(law.limit() == 182);
        for (int i = 0; i < 30; ++i) {
            window(law, now, 0, 10, 0ms, in_flight);
        }
        CHECK(law.limit() == 20);
        CHECK(law.short_rtt() == 0s);
    }
}

TEST_CASE("drops never lift a limit that is not in use", "[gradient2]") {
    TimePoint now = start;
    Gradient2 law({.smoothing = 1, .window = 1s}, wide);
    window(law, now, 499, 1, 10ms, 1);
    CHECK(law.limit() == 100);
}

TEST_CASE("drops are not samples: what they took is in no average", "[gradient2]") {
    Gradient2 law(plain, wide);
    law.note(start, good(10ms));
    law.note(start, {.rtt = 8s, .in_flight = 1'000, .dropped = true});
    CHECK(law.short_rtt() == 10ms);
    CHECK(law.long_rtt() == 10ms);
}

TEST_CASE("attempts that take no time break no sum", "[gradient2]") {
    Gradient2 law(plain, wide);
    law.note(start, good(0ms));
    law.note(start, good(-1ms)); // a clock that another thread read later
    CHECK(law.limit() == 120);
    CHECK(law.long_rtt() == 1ns);
}

TEST_CASE("options of gradient2 out of range are named", "[gradient2]") {
    CHECK(complaint({}).empty());
    CHECK(complaint({.smoothing = 0}) == "Gradient2Options.smoothing is 0, allowed is above 0, at most 1");
    CHECK(complaint({.long_window = 0}) == "Gradient2Options.long_window is 0, allowed is 1 to 1000000");
    CHECK(complaint({.tolerance = 0.5}) == "Gradient2Options.tolerance is 0.5, allowed is 1 to 100");
    CHECK(complaint({.window = -1s}) ==
          "Gradient2Options.window is -1 s, allowed is 0 s (each attempt for itself) or longer");
    CHECK(complaint({.window_samples = 0}) ==
          "Gradient2Options.window_samples is 0, allowed is 1 to 1000000");
    CHECK_THROWS_AS(Gradient2({}, {.initial = 5}), std::invalid_argument);
    CHECK(Gradient2({}, {}).describe() == "gradient2, tolerance 1.5");
}
