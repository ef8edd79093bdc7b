#pragma once

#include <backstay/core/config.hpp>
#include <backstay/policy/key.hpp>
#include <backstay/policy/retry_budget.hpp>

#include <cstddef>

namespace backstay::inline BACKSTAY_ABI {

struct GrpcRetryBudgetOptions {
    int max_tokens = 10;      ///< failures that empty it, 1 to 1000
    double token_ratio = 0.1; ///< what a success gives back: 0.001 to 1
    KeyFunction key = by_origin;
    std::size_t max_keys = 1'000; ///< then the idle one used longest ago is forgotten
};

/// Makes a budget by gRPC's rule of retry throttling: a failure that a repeat may mend takes a token, a
/// success gives a tenth of one, and retries are allowed while more than half of the tokens are left. So a
/// retry costs nothing by itself: what it repeats has been paid for, and what it comes to is counted like any
/// attempt. Its snapshot counts the tokens above half. Throws `std::invalid_argument` when an option is out
/// of range. Cost: a success is one atomic update, none while it is full. Source: gRPC proposal A6,
/// "Throttling Retry Attempts and Hedged RPCs".
[[nodiscard]] BACKSTAY_EXPORT RetryBudget
grpc_retry_budget(const GrpcRetryBudgetOptions& options = GrpcRetryBudgetOptions());

} // namespace backstay::inline BACKSTAY_ABI
