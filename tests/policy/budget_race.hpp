#pragma once

#include "blocking_call.hpp"
#include "support/budget_call.hpp"
#include "support/policy_call.hpp"

#include <algorithm>
#include <atomic>

namespace backstay::test {

/// Has four threads withdraw a retry again and again, and give it back before it begins; tells how many held
/// one at the same time at most.
inline int most_that_hold_a_retry(const RetryBudget& budget) {
    std::atomic<int> at_once{0};
    std::atomic<int> most{0};
    in_four_threads([&](int) {
        TimePoint now = start_of_test;
        for (int i = 0; i < std::max(rounds / 4, 20'000); ++i) {
            BudgetCall call(budget, now);
            call.begin_attempt();
            if (call.withdraw()) {
                const int together = at_once.fetch_add(1) + 1;
                for (int seen = most.load();
                     seen < together && !most.compare_exchange_weak(seen, together);) {
                }
                at_once.fetch_sub(1);
                call.release();
            }
        }
    });
    return most.load();
}

} // namespace backstay::test
