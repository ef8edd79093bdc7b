#include <backstay/policy/retry_budget.hpp>

#include "support/budget_call.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <cmath>
#include <limits>
#include <list>
#include <stdexcept>
#include <string>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using test::BudgetCall;

namespace {

constexpr TimePoint start{1h};

void succeed(const RetryBudget& budget, TimePoint now, int times, std::string_view origin = {}) {
    for (int n = 0; n < times; ++n) {
        BudgetCall{budget, now, origin}.succeed();
    }
}

/// Withdraws retries, and begins them, until there are none left.
int spend(const RetryBudget& budget, TimePoint now, std::string_view origin = {}) {
    int spent = 0;
    for (;;) {
        BudgetCall call{budget, now, origin};
        if (!call.withdraw()) {
            return spent;
        }
        call.begin_attempt();
        ++spent;
    }
}

std::string fault(const RetryBudgetOptions& options) {
    try {
        const RetryBudget budget{options};
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("a budget is full at the start", "[retry_budget]") {
    const RetryBudget budget;
    CHECK(budget.tokens(start) == 3);
    CHECK(budget.snapshot(start).capacity == 3);
    CHECK(spend(budget, start) == 3);
    CHECK(budget.tokens(start) == 0);
}

TEST_CASE("ten successes pay for exactly one retry, without drift", "[retry_budget]") {
    const RetryBudget budget{{.floor_interval = 0s}};
    spend(budget, start);
    for (int round = 0; round < 1'000; ++round) {
        succeed(budget, start, 9);
        REQUIRE(spend(budget, start) == 0);
        succeed(budget, start, 1);
        REQUIRE(spend(budget, start) == 1);
        REQUIRE(budget.tokens(start) == 0);
    }
}

TEST_CASE("the capacity is what the successes of the last ten seconds deposited, at least three",
          "[retry_budget]") {
    const RetryBudget budget;
    succeed(budget, start, 1'000);
    CHECK(budget.snapshot(start).capacity == 100);
    CHECK(budget.tokens(start) == 100);
    succeed(budget, start + 5s, 200);
    CHECK(budget.tokens(start + 5s) == 120);
    CHECK(budget.tokens(start + 9'999ms) == 120);
    CHECK(budget.tokens(start + 10s) == 20);
    CHECK(budget.tokens(start + 14'999ms) == 20);
    CHECK(budget.tokens(start + 15s) == 3);
    CHECK(budget.snapshot(start + 1h).capacity == 3);
}

TEST_CASE("a quiet client gets one retry in fifty seconds", "[retry_budget]") {
    const RetryBudget budget;
    CHECK(spend(budget, start) == 3);
    CHECK(spend(budget, start + 49'900ms) == 0);
    CHECK(spend(budget, start + 50s) == 1);
    CHECK(spend(budget, start + 99'900ms) == 0);
    CHECK(spend(budget, start + 100s) == 1);
    CHECK(spend(budget, start + 1h) == 3); // saved up to the capacity only
    const RetryBudget without{{.floor_interval = 0s}};
    spend(without, start);
    CHECK(spend(without, start + 24h) == 0);
}

TEST_CASE("trap: calls that only fail feed nothing, however many start", "[retry_budget]") {
    TimePoint now = start;
    const RetryBudget budget{{.floor_interval = 0s}};
    spend(budget, now);
    for (int n = 0; n < 10'000; ++n) {
        BudgetCall call{budget, now};
        call.begin_attempt();
        call.fail();
        REQUIRE_FALSE(call.withdraw());
        now += 1ms;
    }
    CHECK(budget.tokens(now) == 0);
}

TEST_CASE("a repeat that never began is given back, one that began is not", "[retry_budget]") {
    TimePoint now = start;
    const RetryBudget budget;
    { // ends before its repeat begins
        BudgetCall call{budget, now};
        call.begin_attempt();
        REQUIRE(call.withdraw());
        CHECK(budget.tokens(now) == 2);
    }
    CHECK(budget.tokens(now) == 3);
    { // ends in mid-repeat
        BudgetCall call{budget, now};
        call.begin_attempt();
        REQUIRE(call.withdraw());
        call.begin_attempt();
        call.release();
    }
    CHECK(budget.tokens(now) == 2);
    { // ends after a repeat that succeeded
        BudgetCall call{budget, now};
        REQUIRE(call.withdraw());
        call.begin_attempt();
        call.succeed();
    }
    CHECK(budget.tokens(now) == 1.1);
    const RetryBudgetSnapshot snapshot = budget.snapshot(now);
    CHECK(snapshot.withdrawn == 3);
    CHECK(snapshot.returned == 1);
    CHECK(snapshot.refused == 0);
}

TEST_CASE("what is given back never lifts the budget over its capacity", "[retry_budget]") {
    TimePoint now = start;
    const RetryBudget budget;
    {
        BudgetCall call{budget, now};
        REQUIRE(call.withdraw());
        succeed(budget, now, 10);
        CHECK(budget.tokens(now) == 3);
    }
    CHECK(budget.tokens(now) == 3);
}

TEST_CASE("a repeat that was paid for and never began pays for the next one", "[retry_budget]") {
    TimePoint now = start;
    const RetryBudget budget;
    BudgetCall call{budget, now};
    call.begin_attempt();
    REQUIRE(call.withdraw());
    REQUIRE(call.withdraw());
    CHECK(budget.tokens(now) == 2);
    call.begin_attempt();
    REQUIRE(call.withdraw());
    CHECK(budget.tokens(now) == 1);
}

TEST_CASE("trap: retries that wait count as withdrawn", "[retry_budget]") {
    TimePoint now = start;
    const RetryBudget budget;
    std::list<BudgetCall> waiting;
    for (int n = 0; n < 3; ++n) {
        CHECK(waiting.emplace_back(budget, now).withdraw());
    }
    CHECK_FALSE(waiting.emplace_back(budget, now).withdraw());
    CHECK(budget.snapshot(now).refused == 1);
    waiting.clear();
    CHECK(budget.tokens(now) == 3);
}

TEST_CASE("one origin's outage does not spend another's retries", "[retry_budget]") {
    const RetryBudget budget;
    CHECK(spend(budget, start, "https://a:443") == 3);
    CHECK(spend(budget, start, "https://b:443") == 3);
    succeed(budget, start, 20, "https://a:443");
    CHECK(budget.tokens(start, {.origin = "https://a:443"}) == 2);
    CHECK(budget.tokens(start, {.origin = "https://b:443"}) == 0);
    CHECK(budget.tokens(start, {.origin = "https://never-called:443"}) == 3);
    CHECK(budget.tokens(start) == 3); // of calls without a key
}

TEST_CASE("by option all origins share one budget", "[retry_budget]") {
    const RetryBudget budget{{.key = nullptr}};
    CHECK(spend(budget, start, "https://a:443") == 3);
    CHECK(spend(budget, start, "https://b:443") == 0);
    CHECK(budget.tokens(start, {.origin = "https://c:443"}) == 0);
}

TEST_CASE("an origin used long ago makes room for a new one", "[retry_budget]") {
    const RetryBudget budget{{.max_keys = 2}};
    spend(budget, start, "a");
    spend(budget, start, "b");
    spend(budget, start, "c");
    CHECK(budget.tokens(start, {.origin = "a"}) == 3); // forgotten, so full
    CHECK(budget.tokens(start, {.origin = "b"}) == 0);
    CHECK(budget.tokens(start, {.origin = "c"}) == 0);
}

TEST_CASE("copies share a budget and a clone starts full", "[retry_budget]") {
    const RetryBudget budget{{.minimum_capacity = 5}};
    const RetryBudget copy = budget; // NOLINT(performance-unnecessary-copy-initialization)
    CHECK(spend(copy, start) == 5);
    CHECK(budget.tokens(start) == 0);
    CHECK(budget.clone().tokens(start) == 5);
    CHECK(budget.tokens(start) == 0);
}

TEST_CASE("a clock read earlier that comes later changes no step", "[retry_budget]") {
    const RetryBudget budget;
    succeed(budget, start + 5s, 100);
    succeed(budget, start, 100);
    CHECK(budget.tokens(start) == 20);
    CHECK(budget.tokens(start + 14'999ms) == 20);
    CHECK(budget.tokens(start + 15s) == 3);
}

TEST_CASE("a budget's options out of range are refused with field, value and range", "[retry_budget]") {
    CHECK(fault({.deposit_ratio = 1.5}) == "RetryBudgetOptions.deposit_ratio is 1.5, allowed is 0 to 1");
    CHECK(fault({.deposit_ratio = std::numeric_limits<double>::quiet_NaN()}).find("nan") !=
          std::string::npos);
    CHECK(fault({.minimum_capacity = 0}) ==
          "RetryBudgetOptions.minimum_capacity is 0, allowed is 1 to 1000000");
    CHECK(fault({.capacity_window = 0s}) ==
          "RetryBudgetOptions.capacity_window is 0 s, allowed is 1 ms or longer");
    CHECK(fault({.floor_interval = -1s}) ==
          "RetryBudgetOptions.floor_interval is -1 s, allowed is 0 s (none), or 1 ms or longer");
    CHECK(fault({.max_keys = 0}) == "RetryBudgetOptions.max_keys is 0, allowed is 1 or more");
    CHECK(fault({.deposit_ratio = 0}).empty());
}
