#include <backstay/policy/detail/outcome_window.hpp>

#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using detail::CallOutcome;
using detail::CountWindow;
using detail::OutcomeCounts;
using detail::OutcomeWindow;
using detail::TimeWindow;

namespace {

constexpr TimePoint start{1h};
constexpr CallOutcome success{};
constexpr CallOutcome failed{.failed = true};
constexpr CallOutcome slow{.slow = true};

void succeed(OutcomeWindow& window, TimePoint now) {
    if (!window.try_success(now)) {
        window.count(now, success);
    }
}

} // namespace

TEST_CASE("an empty window holds nothing, at any time", "[outcome_window]") {
    OutcomeWindow time(10s);
    OutcomeWindow count(5U);
    CHECK(time.counts(start) == OutcomeCounts{});
    CHECK(count.counts(start) == OutcomeCounts{});
}

TEST_CASE("the first success must begin a bucket, the next ones take no lock", "[outcome_window]") {
    TimeWindow window(10s);
    CHECK_FALSE(window.try_success(start));
    window.count(start, success);
    CHECK(window.try_success(start));
    CHECK(window.try_success(start + 999ms));
    CHECK_FALSE(window.try_success(start + 1s));
    CHECK(window.counts(start + 999ms).calls == 3);
}

TEST_CASE("a time window forgets a bucket ten buckets later, and not before", "[outcome_window]") {
    TimeWindow window(10s);
    window.count(start + 300ms, failed); // the bucket is [300 ms, 1300 ms)
    window.count(start + 5s, slow);
    CHECK(window.counts(start + 10s + 299ms) == OutcomeCounts{2, 1, 1});
    CHECK(window.counts(start + 10s + 300ms) == OutcomeCounts{1, 0, 1});
    window.count(start + 10s + 300ms, success);
    CHECK(window.counts(start + 10s + 300ms) == OutcomeCounts{2, 0, 1});
    CHECK(window.counts(start + 1h) == OutcomeCounts{});
}

TEST_CASE("a time window begins anew after a long silence", "[outcome_window]") {
    TimeWindow window(10s);
    for (int i = 0; i < 10; ++i) {
        window.count(start + i * 1s, failed);
    }
    CHECK(window.counts(start + 9s).failures == 10);
    window.count(start + 24h, success);
    CHECK(window.counts(start + 24h) == OutcomeCounts{1, 0, 0});
}

TEST_CASE("a time that another thread read a little earlier counts in the current bucket",
          "[outcome_window]") {
    TimeWindow window(10s);
    window.count(start, success);
    window.count(start + 3s, success);
    window.count(start + 2s, failed);
    CHECK(window.try_success(start + 1s));
    CHECK(window.counts(start + 3s) == OutcomeCounts{4, 1, 0});
}

TEST_CASE("a count window holds the last calls and no more", "[outcome_window]") {
    CountWindow window(3);
    window.count(failed);
    window.count(slow);
    CHECK(window.counts() == OutcomeCounts{2, 1, 1});
    window.count({.failed = true, .slow = true});
    CHECK(window.counts() == OutcomeCounts{3, 2, 2});
    window.count(success);
    CHECK(window.counts() == OutcomeCounts{3, 1, 2});
}

TEST_CASE("a cleared window has forgotten all and works on", "[outcome_window]") {
    for (int kind = 0; kind < 2; ++kind) {
        OutcomeWindow window = kind == 0 ? OutcomeWindow(10s) : OutcomeWindow(4U);
        window.count(start, failed);
        window.count(start, slow);
        window.clear();
        CHECK(window.counts(start) == OutcomeCounts{});
        window.count(start + 500ms, failed);
        CHECK(window.counts(start + 10s) == OutcomeCounts{1, 1, 0});
    }
}

TEST_CASE("a whole window has passed: by time, or by calls", "[outcome_window]") {
    OutcomeWindow time(10s);
    CHECK_FALSE(time.whole_since(start, start + 10s - 1ns));
    CHECK(time.whole_since(start, start + 10s));

    OutcomeWindow count(2U);
    succeed(count, start);
    CHECK_FALSE(count.whole_since(start, start + 1h));
    succeed(count, start);
    CHECK(count.whole_since(start, start));
}

TEST_CASE("windows agree with a plain list of calls", "[outcome_window][model]") {
    struct Seen {
        std::int64_t bucket;
        CallOutcome outcome;
    };
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        Random random(seed);
        OutcomeWindow time(1s);
        OutcomeWindow count(7U);
        std::deque<Seen> list;
        TimePoint now = start;
        TimePoint first{};
        for (int step = 0; step < 100; ++step) {
            now += random.next() % 20 == 0 ? 900ms : std::chrono::milliseconds(random.next() % 60);
            first = list.empty() ? now : first;
            const CallOutcome outcome{.failed = random.next() % 3 == 0, .slow = random.next() % 4 == 0};
            const std::int64_t bucket = (now - first) / 100ms;
            list.push_back({bucket, outcome});
            for (OutcomeWindow* const window : {&time, &count}) {
                if (outcome.failed || outcome.slow) {
                    window->count(now, outcome);
                } else {
                    succeed(*window, now);
                }
            }
            const auto sum = [](auto begin, auto end, auto within) {
                OutcomeCounts counts;
                for (; begin != end; ++begin) {
                    if (within(*begin)) {
                        counts.calls += 1;
                        counts.failures += begin->outcome.failed ? 1U : 0U;
                        counts.slow += begin->outcome.slow ? 1U : 0U;
                    }
                }
                return counts;
            };
            const auto last = list.end() - std::min<std::ptrdiff_t>(std::ssize(list), 7);
            REQUIRE(time.counts(now) == sum(list.begin(), list.end(),
                                            [&](const Seen& seen) { return seen.bucket > bucket - 10; }));
            REQUIRE(count.counts(now) == sum(last, list.end(), [](const Seen&) { return true; }));
        }
    }
}

TEST_CASE("totals of a count window never drift from its ring, whatever threads do",
          "[outcome_window][threads]") {
    CountWindow window(5);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&window, t] {
            Random random(static_cast<std::uint64_t>(t));
            for (int i = 0; i < 5'000; ++i) {
                window.count({.failed = random.next() % 2 == 0, .slow = random.next() % 3 == 0});
                if (t == 0 && i % 50 == 0) {
                    window.clear();
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (int i = 0; i < 5; ++i) {
        window.count(success);
    }
    CHECK(window.counts() == OutcomeCounts{5, 0, 0});
}
