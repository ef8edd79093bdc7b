#include <backstay/policy/retry_budget.hpp>

#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "budget_race.hpp"
#include "support/budget_call.hpp"
#include "support/policy_call.hpp"

#include <atomic>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

TEST_CASE("trap: threads never withdraw more than there is", "[retry_budget][threads]") {
    for (int round = 0; round < 50; ++round) {
        const RetryBudget budget{{.minimum_capacity = 100, .floor_interval = 0s}};
        std::atomic<int> spent{0};
        in_four_threads([&](int) {
            TimePoint now = start_of_test;
            for (int n = 0; n < 50; ++n) {
                BudgetCall call{budget, now};
                if (call.withdraw()) {
                    call.begin_attempt();
                    spent.fetch_add(1);
                }
            }
        });
        REQUIRE(spent == 100);
    }
}

TEST_CASE("trap: withdrawal is one atomic step: two threads never take the last retry each for itself",
          "[retry_budget][threads]") {
    const RetryBudget budget{{.minimum_capacity = 1, .floor_interval = 0s}};
    CHECK(most_that_hold_a_retry(budget) == 1);
    CHECK(budget.tokens(start_of_test) == 1);
}

TEST_CASE("threads that deposit, withdraw and give back lose and invent nothing", "[retry_budget][threads]") {
    const RetryBudget budget{{.deposit_ratio = 0.5, .floor_interval = 0s}};
    std::atomic<int> withdrawn{0};
    in_four_threads([&](int number) {
        TimePoint now = start_of_test;
        for (int n = 0; n < rounds; ++n) {
            now = start_of_test + n * 1us; // within one step, so that nothing is cut
            BudgetCall call{budget, now, number % 2 == 0 ? "a" : "b"};
            if (n % 3 == 0 && call.withdraw()) {
                if (n % 2 == 0) {
                    continue; // given back
                }
                withdrawn.fetch_add(1);
                call.begin_attempt();
            }
            call.succeed();
        }
    });
    const TimePoint end = start_of_test + rounds * 1us;
    double left = 0;
    std::uint64_t kept = 0;
    for (const char* origin : {"a", "b"}) {
        const RetryBudgetSnapshot snapshot = budget.snapshot(end, {.origin = origin});
        CHECK(snapshot.tokens >= 0);
        CHECK(snapshot.tokens <= snapshot.capacity);
        left += snapshot.tokens;
        kept += snapshot.withdrawn - snapshot.returned;
    }
    CHECK(kept == static_cast<std::uint64_t>(withdrawn));
    CHECK(left + withdrawn <= 6 + 0.5 * 4 * rounds);
    CHECK(left > 0);
}
