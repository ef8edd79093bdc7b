#include <backstay/policy/aws_retry_budget.hpp>
#include <backstay/policy/finagle_retry_budget.hpp>
#include <backstay/policy/grpc_retry_budget.hpp>

#include "support/budget_call.hpp"
#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "budget_race.hpp"

#include <atomic>
#include <cstdint>
#include <thread>

using namespace backstay;
using namespace std::chrono_literals;
using test::BudgetCall;
using test::in_four_threads;
using test::most_that_hold_a_retry;
using test::rounds;

namespace {

constexpr TimePoint start{1h};

/// Calls of four threads at once, each of which fails and wants a repeat; how many were allowed one.
int allowed_of_four_threads(const RetryBudget& budget, int calls_each) {
    std::atomic<int> allowed{0};
    std::atomic<int> ready{0};
    in_four_threads([&](int) {
        TimePoint now = start;
        ready.fetch_add(1);
        while (ready.load() < 4) {
            std::this_thread::yield();
        }
        for (int i = 0; i < calls_each; ++i) {
            BudgetCall call(budget, now);
            call.begin_attempt();
            call.fail();
            if (call.withdraw()) {
                call.begin_attempt();
                allowed.fetch_add(1);
            }
        }
    });
    return allowed.load();
}

} // namespace

TEST_CASE("trap: withdrawal is one atomic step: threads are never allowed more than there is",
          "[retry_budget][threads]") {
    for (int round = 0; round < 10; ++round) {
        CHECK(allowed_of_four_threads(aws_retry_budget({.capacity = 140'000}), 4'000) == 10'000);
        CHECK(allowed_of_four_threads(finagle_retry_budget({.request_ratio = 0, .retries_per_second = 1'000}),
                                      4'000) == 10'000);
        CHECK(allowed_of_four_threads(grpc_retry_budget({.max_tokens = 1'000}), 4'000) <= 499);
    }
}

TEST_CASE("trap: withdrawal is one atomic step: of the last tokens two threads never take each their own",
          "[retry_budget][threads]") {
    const RetryBudget aws = aws_retry_budget({.capacity = 14}); // for one at a time
    CHECK(most_that_hold_a_retry(aws) == 1);
    CHECK(aws.tokens(test::start_of_test) == 1);
    const RetryBudget finagle =
        finagle_retry_budget({.request_ratio = 0, .retries_per_second = 1, .ttl = 1s});
    CHECK(most_that_hold_a_retry(finagle) == 1);
    CHECK(finagle.tokens(test::start_of_test) == 1);
}

TEST_CASE("threads that deposit, withdraw and give back overdraw and overfill no kind of budget",
          "[retry_budget][threads]") {
    for (const RetryBudget& budget : {grpc_retry_budget(), aws_retry_budget(), finagle_retry_budget()}) {
        std::atomic<std::uint64_t> kept{0};
        in_four_threads([&](int thread) {
            Random random(static_cast<std::uint64_t>(thread));
            TimePoint now = start;
            for (int n = 0; n < rounds / 3; ++n) {
                now += Duration(static_cast<Duration::rep>(random.next() % 2'000'000));
                BudgetCall call(budget, now, random.next() % 2 == 0 ? "a" : "b");
                call.begin_attempt();
                if (random.next() % 4 == 0) {
                    call.fail();
                    if (!call.withdraw() || random.next() % 2 == 0) {
                        continue; // refused, or given back
                    }
                    call.begin_attempt();
                    kept.fetch_add(1);
                }
                call.succeed();
                if (n % 64 == 0) {
                    (void)budget.snapshot(now, {.origin = "a"});
                }
            }
        });
        std::uint64_t counted = 0;
        for (const char* origin : {"a", "b"}) {
            const RetryBudgetSnapshot end = budget.snapshot(start + 24h, {.origin = origin});
            CHECK(end.tokens >= 0);
            CHECK(end.tokens <= end.capacity);
            counted += end.withdrawn - end.returned;
        }
        CHECK(counted == kept.load());
    }
}
