#include <backstay/policy/finagle_retry_budget.hpp>

#include "support/budget_call.hpp"
#include "support/catch.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using test::BudgetCall;

namespace {

constexpr TimePoint start{1h};

/// Withdraws retries, and begins them, until there are none left.
int spend(const RetryBudget& budget, TimePoint now) {
    int spent = 0;
    for (;;) {
        BudgetCall call(budget, now);
        if (!call.withdraw()) {
            return spent;
        }
        call.begin_attempt();
        ++spent;
    }
}

void succeed(const RetryBudget& budget, TimePoint now, int times) {
    for (int i = 0; i < times; ++i) {
        BudgetCall(budget, now).succeed();
    }
}

std::string fault(const FinagleRetryBudgetOptions& options) {
    try {
        (void)finagle_retry_budget(options);
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("a quiet client has ten retries a second, saved up over ten seconds", "[finagle_retry_budget]") {
    const RetryBudget budget = finagle_retry_budget();
    CHECK(budget.tokens(start) == 100);
    CHECK(spend(budget, start) == 100);
    CHECK(spend(budget, start + 9s) == 0);
    CHECK(spend(budget, start + 10s) == 100);
    CHECK(spend(finagle_retry_budget({.retries_per_second = 2, .ttl = 3s}), start) == 6);
}

TEST_CASE("a fifth of the requests of the last ten seconds may be retried", "[finagle_retry_budget]") {
    const RetryBudget budget = finagle_retry_budget({.retries_per_second = 0});
    CHECK(spend(budget, start) == 0);
    succeed(budget, start, 4);
    CHECK(spend(budget, start) == 0);
    succeed(budget, start, 1);
    CHECK(spend(budget, start) == 1);
    succeed(budget, start + 1s, 1'000);
    CHECK(budget.tokens(start + 1s) == 200);
    CHECK(budget.snapshot(start + 1s).capacity == 201);
    CHECK(budget.tokens(start + 11s) == 0);
}

TEST_CASE("a failure is a request too, once for each call", "[finagle_retry_budget]") {
    TimePoint now = start;
    const RetryBudget budget = finagle_retry_budget({.request_ratio = 1, .retries_per_second = 0});
    BudgetCall call(budget, now);
    call.begin_attempt();
    call.fail();
    CHECK(budget.tokens(now) == 1);
    REQUIRE(call.withdraw());
    call.begin_attempt();
    call.fail();
    CHECK(budget.tokens(now) == 0);
    REQUIRE_FALSE(call.withdraw());

    BudgetCall retried(budget, now);
    retried.begin_attempt();
    retried.fail();
    REQUIRE(retried.withdraw());
    retried.begin_attempt();
    retried.succeed();
    CHECK(budget.tokens(now) == 0);
}

TEST_CASE("a retry outlives the requests that paid for it: the floor is less by it meanwhile",
          "[finagle_retry_budget]") {
    const RetryBudget budget = finagle_retry_budget({.request_ratio = 1, .retries_per_second = 1});
    succeed(budget, start, 5);
    CHECK(budget.tokens(start) == 15);
    CHECK(spend(budget, start + 9s) == 15);
    CHECK(budget.tokens(start + 10s) == 0); // 10, less 15
    CHECK(spend(budget, start + 18s) == 0);
    CHECK(budget.tokens(start + 19s) == 10);
}

TEST_CASE(
    "trap: Finagle's retries that wait count as withdrawn, and one that is cancelled then is given back",
    "[finagle_retry_budget]") {
    TimePoint now = start;
    const RetryBudget budget = finagle_retry_budget({.retries_per_second = 1});
    std::vector<std::unique_ptr<BudgetCall>> waiting;
    for (int i = 0; i < 10; ++i) {
        waiting.push_back(std::make_unique<BudgetCall>(budget, now));
        REQUIRE(waiting.back()->withdraw());
    }
    CHECK_FALSE(BudgetCall(budget, now).withdraw());
    now += 5s;
    waiting.clear();
    CHECK(budget.tokens(now) == 10);
    CHECK(budget.snapshot(now).returned == 10);
}

TEST_CASE("what is given back after it was forgotten does not count twice", "[finagle_retry_budget]") {
    TimePoint now = start;
    const RetryBudget budget = finagle_retry_budget({.retries_per_second = 1});
    {
        BudgetCall call(budget, now);
        REQUIRE(call.withdraw());
        now += 20s;
        CHECK(budget.tokens(now) == 10);
    }
    CHECK(budget.tokens(now) == 10);
    CHECK(spend(budget, now) == 10);
}

TEST_CASE("a Finagle budget's options out of range are named", "[finagle_retry_budget]") {
    CHECK(fault({}).empty());
    CHECK(fault({.request_ratio = -1}) ==
          "FinagleRetryBudgetOptions.request_ratio is -1, allowed is 0 to 10");
    CHECK(fault({.retries_per_second = -1}) ==
          "FinagleRetryBudgetOptions.retries_per_second is -1, allowed is 0 to 100000");
    CHECK(fault({.ttl = 61s}) == "FinagleRetryBudgetOptions.ttl is 1.02 min, allowed is 1 s to 60 s");
    CHECK(fault({.max_keys = 0}) == "FinagleRetryBudgetOptions.max_keys is 0, allowed is 1 or more");
    CHECK(finagle_retry_budget().retry_ratio() == 0.2);
}
