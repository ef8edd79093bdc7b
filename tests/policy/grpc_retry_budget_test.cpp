#include <backstay/policy/grpc_retry_budget.hpp>

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

TimePoint now{1h}; // of no consequence: this kind keeps no time

/// A call that fails once; whether it may be repeated.
bool fail_once(const RetryBudget& budget) {
    BudgetCall call(budget, now);
    call.begin_attempt();
    call.fail();
    const bool allowed = call.withdraw();
    call.begin_attempt();
    return allowed;
}

void succeed(const RetryBudget& budget, int times) {
    for (int i = 0; i < times; ++i) {
        BudgetCall(budget, now).succeed();
    }
}

std::string fault(const GrpcRetryBudgetOptions& options) {
    try {
        (void)grpc_retry_budget(options);
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("a failure takes a token, and a retry is allowed above half only", "[grpc_retry_budget]") {
    const RetryBudget budget = grpc_retry_budget();
    CHECK(budget.tokens(now) == 5); // above half
    for (int i = 0; i < 4; ++i) {
        CHECK(fail_once(budget)); // leaves 9, 8, 7, 6
    }
    CHECK_FALSE(fail_once(budget)); // leaves 5: not more than half
    CHECK(budget.tokens(now) == 0);
    CHECK(budget.snapshot(now).withdrawn == 4);
    CHECK(budget.snapshot(now).refused == 1);
    succeed(budget, 10);            // 6
    CHECK_FALSE(fail_once(budget)); // 5
    succeed(budget, 11);            // 6.1
    CHECK(fail_once(budget));       // 5.1
    CHECK(budget.tokens(now) == 0.1);
}

TEST_CASE("a success adds a tenth of a token, up to the most, without drift", "[grpc_retry_budget]") {
    const RetryBudget budget = grpc_retry_budget();
    succeed(budget, 1'000);
    CHECK(budget.tokens(now) == 5);
    for (int i = 0; i < 1'000; ++i) {
        (void)fail_once(budget);
        succeed(budget, 10);
    }
    CHECK(budget.tokens(now) == 5);
}

TEST_CASE("tokens never fall below none: what an outage costs is bounded", "[grpc_retry_budget]") {
    const RetryBudget budget = grpc_retry_budget();
    for (int i = 0; i < 10'000; ++i) {
        (void)fail_once(budget);
    }
    succeed(budget, 60); // 6
    CHECK_FALSE(fail_once(budget));
    succeed(budget, 11); // 6.1
    CHECK(fail_once(budget));
}

TEST_CASE("trap: of a hundred gRPC calls that fail at once no more are repeated than of a hundred in turn",
          "[grpc_retry_budget]") {
    const RetryBudget budget = grpc_retry_budget();
    std::vector<std::unique_ptr<BudgetCall>> waiting;
    int allowed = 0;
    for (int i = 0; i < 100; ++i) {
        waiting.push_back(std::make_unique<BudgetCall>(budget, now));
        waiting.back()->begin_attempt();
        waiting.back()->fail();
        allowed += waiting.back()->withdraw() ? 1 : 0;
    }
    CHECK(allowed == 4);
}

TEST_CASE("a hedge is allowed by a gRPC budget above half too, be it by little", "[grpc_retry_budget]") {
    const RetryBudget budget = grpc_retry_budget();
    CHECK(BudgetCall(budget, now).allows());
    for (int i = 0; i < 5; ++i) {
        (void)fail_once(budget);
    }
    CHECK_FALSE(BudgetCall(budget, now).allows()); // 5
    succeed(budget, 1);
    CHECK(BudgetCall(budget, now).allows()); // 5.1
}

TEST_CASE("a gRPC retry that is cancelled before it starts gives back no token: its failure was one",
          "[grpc_retry_budget]") {
    const RetryBudget budget = grpc_retry_budget();
    {
        BudgetCall call(budget, now);
        call.begin_attempt();
        call.fail();
        REQUIRE(call.withdraw());
    }
    CHECK(budget.tokens(now) == 4);
    CHECK(budget.snapshot(now).returned == 1);
}

TEST_CASE("a gRPC budget's options out of range are named", "[grpc_retry_budget]") {
    CHECK(fault({}).empty());
    CHECK(fault({.max_tokens = 0}) == "GrpcRetryBudgetOptions.max_tokens is 0, allowed is 1 to 1000");
    CHECK(fault({.token_ratio = 0}) == "GrpcRetryBudgetOptions.token_ratio is 0, allowed is 0.001 to 1");
    CHECK(fault({.max_keys = 0}) == "GrpcRetryBudgetOptions.max_keys is 0, allowed is 1 or more");
    CHECK(grpc_retry_budget().retry_ratio() == 0.1);
}
