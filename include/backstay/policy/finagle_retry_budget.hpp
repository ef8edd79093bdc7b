#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/policy/key.hpp>
#include <backstay/policy/retry_budget.hpp>

#include <chrono>
#include <cstddef>

namespace backstay::inline BACKSTAY_ABI {

struct FinagleRetryBudgetOptions {
    double request_ratio = 0.2;              ///< retries for each request, 0 to 10, to the thousandth
    int retries_per_second = 10;             ///< beside these, on average over the `ttl`, 0 to 100 000
    Duration ttl = std::chrono::seconds{10}; ///< requests and retries are forgotten after it: 1 s to 60 s
    KeyFunction key = by_origin;
    std::size_t max_keys = 1'000; ///< then the idle one used longest ago is forgotten
};

/// Makes a budget by Finagle's rule: a fifth of the requests of the last ten seconds may be retried, and ten
/// a second beside. A request is a call whose first attempt succeeded, or failed in a way that a repeat may
/// mend. So failing calls feed it: it bounds the load of an outage to 1.2 times the calls and ten a second,
/// and does not end one (laboratory scenario S3); the default kind does.
/// Throws `std::invalid_argument` when an option is out of range.
/// Cost: as the default kind.
/// Source: RetryBudget of Twitter's Finagle.
[[nodiscard]] BACKSTAY_EXPORT RetryBudget
finagle_retry_budget(const FinagleRetryBudgetOptions& options = FinagleRetryBudgetOptions());

} // namespace backstay::inline BACKSTAY_ABI
