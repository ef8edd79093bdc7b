#include <backstay/policy/backoff.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

constexpr Jitter jitters[] = {Jitter::none,         Jitter::full,         Jitter::equal,
                              Jitter::proportional, Jitter::decorrelated, Jitter::decorrelated_v2};

double ms(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

struct Sample {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
    double mean = 0;
};

/// Draws the n-th delay (from 0) of 20 000 calls, in milliseconds.
Sample sample(const Backoff& backoff, int n) {
    constexpr int calls = 20'000;
    Random random{99};
    Sample drawn;
    for (int call = 0; call < calls; ++call) {
        Backoff::State state;
        for (int before = 0; before < n; ++before) {
            (void)backoff.next(state, random);
        }
        const double delay = ms(backoff.next(state, random));
        drawn.least = std::min(drawn.least, delay);
        drawn.most = std::max(drawn.most, delay);
        drawn.mean += delay / calls;
    }
    return drawn;
}

std::string fault(const BackoffOptions& options) {
    try {
        const Backoff backoff{options};
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("delays without jitter grow as configured, up to the cap", "[backoff]") {
    const auto delays = [](BackoffOptions options) {
        options.jitter = Jitter::none;
        const Backoff backoff{options};
        Backoff::State state;
        Random random{1};
        std::vector<Duration> drawn;
        for (int n = 0; n < 5; ++n) {
            drawn.push_back(backoff.next(state, random));
        }
        return drawn;
    };
    CHECK(delays({}) == std::vector<Duration>{200ms, 400ms, 800ms, 1600ms, 3200ms});
    CHECK(delays({.base = 100ms, .factor = 10, .cap = 1s}) == std::vector<Duration>{100ms, 1s, 1s, 1s, 1s});
    CHECK(delays({.base = 1s, .cap = 3s, .growth = Growth::linear}) ==
          std::vector<Duration>{1s, 2s, 3s, 3s, 3s});
    CHECK(delays({.base = 1s, .growth = Growth::constant}) == std::vector<Duration>{1s, 1s, 1s, 1s, 1s});
    CHECK(delays({.base = 0s}) == std::vector<Duration>{0s, 0s, 0s, 0s, 0s});
}

TEST_CASE("every jitter keeps its bounds and its mean", "[backoff]") {
    struct Row {
        Jitter jitter;
        int n;
        double least;
        double most;
        double mean;
    };
    // base 200 ms, factor 2, cap 1 s: d is 200, 400, 800, 1000, 1000 ms
    const std::vector<Row> rows{
        {Jitter::none, 2, 800, 800, 800},
        {Jitter::full, 0, 0, 200, 100},
        {Jitter::full, 2, 0, 800, 400},
        {Jitter::full, 4, 0, 1000, 500},
        {Jitter::equal, 0, 100, 200, 150},
        {Jitter::equal, 4, 500, 1000, 750},
        {Jitter::proportional, 0, 150, 250, 200},
        {Jitter::proportional, 4, 750, 1250, 1000},
        {Jitter::decorrelated, 0, 200, 600, 400},
        // min(1000, U[200, 3 x]), x in U[200, 600]: by numeric integration
        {Jitter::decorrelated, 1, 200, 1000, 648.7},
        // curve(t) = 2^t tanh(sqrt(4 t)), t in U[0, 1], 200 ms / 1.4 of it: by numeric integration
        {Jitter::decorrelated_v2, 0, 0, 275.4, 174.22},
    };
    for (const Row& row : rows) {
        const Backoff backoff{{.cap = 1s, .jitter = row.jitter}};
        const Sample drawn = sample(backoff, row.n);
        CAPTURE(to_string(row.jitter), row.n, drawn.least, drawn.most, drawn.mean);
        const double width = row.most - row.least;
        CHECK(drawn.least >= row.least - 1e-6);
        CHECK(drawn.least <= row.least + 0.02 * width);
        CHECK(drawn.most <= row.most + 1e-6 + 0.001 * width);
        CHECK(drawn.most >= row.most - 0.02 * width);
        CHECK(drawn.mean == Approx(row.mean).epsilon(0.02));
    }
}

TEST_CASE("the smooth jitter follows Polly's formula until the cap", "[backoff]") {
    const Backoff backoff{{.base = 1s, .cap = 1h, .jitter = Jitter::decorrelated_v2}};
    Backoff::State state;
    Random random{5};
    Random same{5};
    double previous = 0;
    for (int n = 0; n < 8; ++n) {
        const double t = n + same.unit();
        const double x = std::pow(2, t) * std::tanh(std::sqrt(4 * t));
        CHECK(ms(backoff.next(state, random)) == Approx((x - previous) / 1.4 * 1000).epsilon(1e-5));
        previous = x;
    }
}

TEST_CASE("trap: a herd that has reached the cap does not march in step", "[backoff]") {
    for (const Jitter jitter : jitters) {
        if (jitter == Jitter::none || jitter == Jitter::decorrelated) {
            continue; // the published decorrelated formula caps last, and does
        }
        const Backoff backoff{{.cap = 1s, .jitter = jitter}};
        std::vector<Duration> delays;
        for (std::uint64_t client = 0; client < 1'000; ++client) {
            Random random{client};
            Backoff::State state;
            for (int n = 0; n < 20; ++n) {
                (void)backoff.next(state, random);
            }
            delays.push_back(backoff.next(state, random));
        }
        std::sort(delays.begin(), delays.end());
        CAPTURE(to_string(jitter));
        CHECK(std::unique(delays.begin(), delays.end()) - delays.begin() > 990);
        CHECK(delays.back() - delays.front() > 400ms);
    }
}

TEST_CASE("trap: no delay overflows or stops being a number after a million repeats", "[backoff]") {
    const BackoffOptions shapes[] = {
        {},
        {.growth = Growth::linear},
        {.growth = Growth::constant},
        {.base = 0s},
        {.base = 1ns, .factor = 1e300, .cap = Duration::max()},
        {.base = Duration::max(), .factor = 3, .cap = Duration::max(), .jitter_ratio = 1},
    };
    for (const Jitter jitter : jitters) {
        for (BackoffOptions options : shapes) {
            options.jitter = jitter;
            const Backoff backoff{options};
            Backoff::State state;
            Random random{7};
            const Duration most = options.base == 0s ? 0s : backoff.longest();
            bool in_range = true;
            for (int n = 0; n < 200; ++n) {
                const Duration delay = backoff.next(state, random);
                in_range = in_range && delay >= 0s && delay <= most;
            }
            for (const std::uint32_t n : {1'000'000U, std::numeric_limits<std::uint32_t>::max()}) {
                state.count = n;
                const Duration delay = backoff.next(state, random);
                in_range = in_range && delay >= 0s && delay <= most;
            }
            CAPTURE(to_string(jitter), options.base.count(), options.factor);
            CHECK(in_range);
        }
    }
}

TEST_CASE("trap: a range of one point is that point, not zero", "[backoff]") {
    Random random{1};
    Backoff::State state;
    const Backoff point{{.base = 5ms, .cap = 5ms, .jitter = Jitter::decorrelated}};
    CHECK(point.next(state, random) == 5ms);
    CHECK(point.next(state, random) == 5ms);
    const Backoff exact{{.base = 5ms, .jitter = Jitter::proportional, .jitter_ratio = 0}};
    state = {};
    CHECK(exact.next(state, random) == 5ms);
}

TEST_CASE("a fresh state starts the sequence over", "[backoff]") {
    for (const Jitter jitter : jitters) {
        const Backoff backoff{{.jitter = jitter}};
        Backoff::State state;
        Random random{11};
        const Duration first = backoff.next(state, random);
        (void)backoff.next(state, random);
        state = {};
        random = Random{11};
        CAPTURE(to_string(jitter));
        CHECK(backoff.next(state, random) == first);
    }
}

TEST_CASE("the longest total bounds what is drawn, and is reached without jitter", "[backoff]") {
    for (const Jitter jitter : jitters) {
        for (const Growth growth : {Growth::exponential, Growth::linear, Growth::constant}) {
            const Backoff backoff{{.cap = 2s, .growth = growth, .jitter = jitter}};
            const Duration bound = backoff.longest_total(6);
            Duration longest{0};
            Random random{13};
            for (int call = 0; call < 2'000; ++call) {
                Backoff::State state;
                Duration total{0};
                for (int repeat = 0; repeat < 5; ++repeat) {
                    total += backoff.next(state, random);
                }
                longest = std::max(longest, total);
            }
            CAPTURE(to_string(jitter), longest.count());
            CHECK(longest <= bound);
            CHECK(ms(longest) > 0.7 * ms(bound));
        }
    }
    const Backoff plain{{.cap = 1s, .jitter = Jitter::none}};
    CHECK(plain.longest_total(1) == 0s);
    CHECK(plain.longest_total(3) == 600ms);
    CHECK(plain.longest_total(6) == 200ms + 400ms + 800ms + 1s + 1s);
    CHECK(plain.longest_total(1'000'000'000) == 1'400ms + 999'999'996 * Duration{1s});
    CHECK(plain.longest_total(0) == Duration::max());

    const int many = 2'000'000'000; // is not counted through
    const Backoff constant({.base = 1ms, .growth = Growth::constant, .jitter = Jitter::none});
    CHECK(constant.longest_total(many + 1) == many * Duration{1ms});
    const Backoff steady({.base = 1ms, .factor = 1, .jitter = Jitter::none});
    CHECK(steady.longest_total(many + 1) == many * Duration{1ms});
    const Backoff linear({.base = 1ms, .cap = 1s, .growth = Growth::linear, .jitter = Jitter::none});
    CHECK(linear.longest_total(5) == 10ms);
    CHECK(linear.longest_total(many + 1) == 500'500ms + (many - 1'000) * Duration{1s});
}

TEST_CASE("options out of range are refused with field, value and range", "[backoff]") {
    CHECK(fault({.base = -1ms}) == "BackoffOptions.base is -1 ms, allowed is 0 s (repeat at once) or longer");
    CHECK(fault({.cap = 100ms}) ==
          "BackoffOptions.cap is 100 ms, allowed is BackoffOptions.base, 200 ms, or longer");
    CHECK(fault({.factor = 0.5}) == "BackoffOptions.factor is 0.5, allowed is 1 or more");
    CHECK(fault({.factor = std::nan("")}) == "BackoffOptions.factor is nan, allowed is 1 or more");
    CHECK(fault({.jitter_ratio = 1.5}) == "BackoffOptions.jitter_ratio is 1.5, allowed is 0 to 1");
    CHECK(fault({.base = 1s, .factor = 1, .cap = 1s}).empty());
}

TEST_CASE("a backoff describes itself", "[backoff]") {
    CHECK(Backoff{}.describe() == "full jitter, 200 ms .. 20 s");
    CHECK(Backoff{{.base = 1s, .growth = Growth::constant, .jitter = Jitter::none}}.describe() ==
          "no jitter, 1 s");
}
