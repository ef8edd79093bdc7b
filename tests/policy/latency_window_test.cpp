#include <backstay/policy/detail/latency_window.hpp>

#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using detail::LatencyWindow;

namespace {
constexpr TimePoint start{1h};

/// The estimate is the upper end of a bucket: never below the truth, and at most an eighth above.
void check_close(Duration estimate, Duration truth) {
    CHECK(estimate >= truth);
    CHECK(estimate <= truth * 9 / 8 + 1us);
}
} // namespace

TEST_CASE("too few samples know no quantile", "[latency_window]") {
    LatencyWindow window(60s, 0.95, 20);
    for (int i = 0; i < 19; ++i) {
        window.record(start, 10ms);
        CHECK(window.estimate() == 0ns);
    }
    window.record(start, 10ms);
    check_close(window.estimate(), 10ms);
}

TEST_CASE("the estimate is the quantile of what was recorded, an eighth above it at most",
          "[latency_window]") {
    for (const double quantile : {0.5, 0.9, 0.95, 0.99}) {
        LatencyWindow window(60s, quantile, 20);
        Random random(3);
        std::vector<Duration> samples;
        for (int i = 0; i < 1'600; ++i) {
            const auto exponential =
                Duration(static_cast<Duration::rep>(-std::log(1 - random.unit()) * 5e7)); // mean 50 ms
            samples.push_back(exponential);
            window.record(start, exponential);
        }
        std::sort(samples.begin(), samples.end());
        const auto rank = static_cast<std::size_t>(std::ceil(quantile * 1'600)) - 1;
        check_close(window.estimate(), samples[rank]);
    }
}

TEST_CASE("latencies out of range count as the nearest in range", "[latency_window]") {
    LatencyWindow window(60s, 0.5, 1);
    window.record(start, -5s);
    CHECK(window.estimate() <= 2us);
    window.record(start, 0ns);
    CHECK(window.estimate() <= 2us);
    LatencyWindow slow(60s, 0.5, 1);
    slow.record(start, 24h * 365);
    CHECK(slow.estimate() > 15min);
    CHECK(slow.estimate() < 1h);
}

TEST_CASE("what is older than the window is forgotten", "[latency_window]") {
    LatencyWindow window(60s, 0.5, 4);
    for (int i = 0; i < 32; ++i) {
        window.record(start, 1s);
    }
    check_close(window.estimate(), 1s);

    SECTION("half of it at a time while calls come") {
        for (Duration at = 0s; at < 120s; at += 1s) {
            window.record(start + at, 10ms);
        }
        check_close(window.estimate(), 10ms);
        CHECK(window.samples() <= 60);
    }
    SECTION("all of it after a long silence") {
        window.record(start + 61s, 10ms);
        CHECK(window.samples() == 1);
        CHECK(window.estimate() == 0ns);
    }
}
