#include <backstay/policy/aws_retry_budget.hpp>

#include "support/budget_call.hpp"
#include "support/catch.hpp"

#include "support/policy_call.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using test::BudgetCall;

namespace {

TimePoint now{1h}; // of no consequence: this kind keeps no time

const Failure transient = test::reply(500);
const Failure throttled = test::reply(429);
const Failure invited = test::reply(503, 2s);

/// Whole tokens left.
int left(const RetryBudget& budget) {
    return static_cast<int>(budget.tokens(now) * 14 + 0.5);
}

/// Retries in vain until there is nothing left; how often.
int spend(const RetryBudget& budget, const Failure& failure) {
    int spent = 0;
    for (;;) {
        BudgetCall call(budget, now);
        if (!call.withdraw(failure)) {
            return spent;
        }
        call.begin_attempt();
        ++spent;
    }
}

std::string fault(const AwsRetryBudgetOptions& options) {
    try {
        (void)aws_retry_budget(options);
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("a transient retry costs fourteen of five hundred tokens, a throttled one five",
          "[aws_retry_budget]") {
    CHECK(left(aws_retry_budget()) == 500);
    const RetryBudget by_errors = aws_retry_budget();
    CHECK(spend(by_errors, transient) == 35); // 490
    CHECK(left(by_errors) == 10);
    CHECK_FALSE(BudgetCall(by_errors, now).allows());
    CHECK(spend(by_errors, throttled) == 2); // what is too little for the one may do for the other
    CHECK(left(by_errors) == 0);
    CHECK(spend(aws_retry_budget(), throttled) == 100);
    CHECK(spend(aws_retry_budget(), invited) == 100); // it named a wait: it refused before it worked
}

TEST_CASE("a retry that succeeds is refunded whole", "[aws_retry_budget]") {
    const RetryBudget budget = aws_retry_budget();
    for (const Failure& failure : {transient, throttled}) {
        BudgetCall call(budget, now);
        call.begin_attempt();
        REQUIRE(call.withdraw(failure));
        CHECK(left(budget) < 500);
        call.begin_attempt();
        call.succeed();
        CHECK(left(budget) == 500);
    }
}

TEST_CASE("of two retries the last alone is refunded", "[aws_retry_budget]") {
    const RetryBudget budget = aws_retry_budget();
    BudgetCall call(budget, now);
    call.begin_attempt();
    REQUIRE(call.withdraw(transient));
    call.begin_attempt();
    REQUIRE(call.withdraw(throttled));
    call.begin_attempt();
    call.succeed();
    CHECK(left(budget) == 486);
}

TEST_CASE("a call that succeeds at once gives one token back, up to the capacity", "[aws_retry_budget]") {
    const RetryBudget budget = aws_retry_budget();
    BudgetCall(budget, now).succeed();
    CHECK(left(budget) == 500);
    spend(budget, transient);
    for (int i = 0; i < 4; ++i) {
        BudgetCall(budget, now).succeed();
    }
    CHECK(left(budget) == 14);
    CHECK(BudgetCall(budget, now).allows());
    CHECK(spend(budget, transient) == 1);
}

TEST_CASE("trap: AWS retries that wait count as withdrawn, and one that is cancelled then is given back",
          "[aws_retry_budget]") {
    const RetryBudget budget = aws_retry_budget();
    std::vector<std::unique_ptr<BudgetCall>> waiting;
    for (int i = 0; i < 35; ++i) {
        waiting.push_back(std::make_unique<BudgetCall>(budget, now));
        REQUIRE(waiting.back()->withdraw(transient));
    }
    CHECK_FALSE(BudgetCall(budget, now).withdraw(transient));
    CHECK(budget.snapshot(now).refused == 1);
    waiting.clear();
    CHECK(left(budget) == 500);
    CHECK(budget.snapshot(now).returned == 35);
}

TEST_CASE("an AWS budget's options out of range are named", "[aws_retry_budget]") {
    CHECK(fault({}).empty());
    CHECK(fault({.capacity = 13}) ==
          "AwsRetryBudgetOptions.capacity is 13, allowed is the dearer retry's cost to 1000000");
    CHECK(fault({.transient_cost = 0}) ==
          "AwsRetryBudgetOptions.transient_cost is 0, allowed is 1 to 1000000");
    CHECK(fault({.throttled_cost = 0}) ==
          "AwsRetryBudgetOptions.throttled_cost is 0, allowed is 1 to 1000000");
    CHECK(fault({.first_try_refund = -1}) ==
          "AwsRetryBudgetOptions.first_try_refund is -1, allowed is 0 to 1000000");
    CHECK(fault({.max_keys = 0}) == "AwsRetryBudgetOptions.max_keys is 0, allowed is 1 or more");
    CHECK(aws_retry_budget().retry_ratio() == 1);
    CHECK(aws_retry_budget({.first_try_refund = 10}).retry_ratio() == 2);
}
