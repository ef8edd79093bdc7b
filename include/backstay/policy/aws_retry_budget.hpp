#pragma once

#include <backstay/core/config.hpp>
#include <backstay/policy/key.hpp>
#include <backstay/policy/retry_budget.hpp>

#include <cstddef>

namespace backstay::inline BACKSTAY_ABI {

struct AwsRetryBudgetOptions {
    int capacity = 500;       ///< tokens, at least what the dearer retry costs, at most 1 000 000
    int transient_cost = 14;  ///< tokens of a retry, at least 1
    int throttled_cost = 5;   ///< of one after a 429 or a wait that the server named, at least 1
    int first_try_refund = 1; ///< for a call that succeeds without a retry, 0 or more
    KeyFunction key = by_origin;
    std::size_t max_keys = 1'000; ///< then the idle one used longest ago is forgotten
};

/// Makes a budget by the rule of the AWS SDKs of 2026: a retry costs tokens and gets them back when it
/// succeeds, so that only retries in vain empty it; a call that succeeds at once gives one token back.
/// Of a call that was retried more than once the last retry alone is refunded, as there.
/// Its snapshot counts in transient retries.
/// Throws `std::invalid_argument` when an option is out of range.
/// Cost: a success is one atomic update, none while it is full.
/// Source: "Announcing updated retry behavior for AWS SDKs and Tools" (AWS Developer Tools Blog, 2026).
[[nodiscard]] BACKSTAY_EXPORT RetryBudget
aws_retry_budget(const AwsRetryBudgetOptions& options = AwsRetryBudgetOptions());

} // namespace backstay::inline BACKSTAY_ABI
