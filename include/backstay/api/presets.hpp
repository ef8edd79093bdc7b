#pragma once

#include <backstay/api/response_pipeline.hpp>
#include <backstay/core/classifier.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/cool_down.hpp>
#include <backstay/policy/hedge.hpp>
#include <backstay/policy/retry.hpp>

#include <chrono>
#include <functional>
#include <optional>

namespace backstay::inline BACKSTAY_ABI {

// Defaults are written Options(), not {}: GCC 12 destroys a braced temporary twice when the call stands in a
// co_await expression.

/// What can be changed of a preset. Policies given as handles share their state with whoever else holds them.
struct StandardOptions {
    Duration total_timeout = std::chrono::seconds{30};
    Duration attempt_timeout = std::chrono::seconds{8};
    RetryOptions retry{};
    std::optional<CoolDown>
        cool_down{}; ///< nullopt: one of its own, with a gate for each client of an origin
    std::optional<CircuitBreaker> breaker{}; ///< nullopt: one of its own, with a circuit for each origin
    std::optional<ConcurrencyLimit> limit{}; ///< nullopt: one of its own, 1 000 attempts at once
    /// For every policy that the preset makes itself, Retry and Hedge included; nullopt: each has its own. A
    /// handle given above keeps the one that it was made with.
    std::optional<Classifier> classifier{};
};

/// TotalTimeout 30 s, Retry of 3 attempts with a budget, Credentials, CoolDown, CircuitBreaker,
/// ConcurrencyLimit, AttemptTimeout 8 s. Servers' waits are obeyed when they end within the total: one of 45
/// s is handed to the caller at once. Throws `std::invalid_argument` when a value is out of range, the
/// attempt timeout is longer than the total, or the breaker's window is shorter than two attempts.
[[nodiscard]] BACKSTAY_EXPORT ResponsePipeline standard(const StandardOptions& options = StandardOptions());

/// The same without retries, for what must not happen twice and carries no idempotency key. `retry` is
/// ignored.
[[nodiscard]] BACKSTAY_EXPORT ResponsePipeline single(const StandardOptions& options = StandardOptions());

/// `RetryOptions` with the defaults of `patient`, so that what is left open stays patient. The fields mean
/// the same.
struct PatientRetry {
    int max_attempts = 6;
    BackoffOptions backoff{};
    Duration rate_limited_base = std::chrono::seconds{1};
    Classifier classifier{};
    std::optional<RetryBudget> budget{RetryBudget{}};
    Duration max_server_wait = std::chrono::minutes{10};
    WhenLonger when_longer = WhenLonger::give_up;
    double hint_jitter_ratio = 0.1;
    Duration hint_jitter_max = std::chrono::seconds{1};
    bool retry_refusals = false;
    std::function<void(const RetryInfo&)> on_retry{};
};

/// `StandardOptions` with the defaults of `patient`.
struct PatientOptions {
    Duration total_timeout = std::chrono::minutes{15};
    Duration attempt_timeout = std::chrono::seconds{8};
    PatientRetry retry{};
    std::optional<CoolDown> cool_down{};
    std::optional<CircuitBreaker> breaker{};
    std::optional<ConcurrencyLimit> limit{};
    std::optional<Classifier> classifier{};
};

/// For background work: 6 attempts in 15 min, and servers' waits of up to 10 min are obeyed.
[[nodiscard]] BACKSTAY_EXPORT ResponsePipeline patient(const PatientOptions& options = PatientOptions());

/// What can be changed of `standard_hedged`.
struct HedgedOptions {
    StandardOptions standard{};
    HedgeOptions hedge{}; ///< asks the retry's budget, unless it names one
};

/// `standard` with a Hedge inside Retry, around what bounds and counts one attempt: for reads whose slowest
/// calls matter. Throws also when a fixed delay of the hedge is not shorter than the attempt timeout: it
/// would never be sent on time.
[[nodiscard]] BACKSTAY_EXPORT ResponsePipeline
standard_hedged(const HedgedOptions& options = HedgedOptions());

} // namespace backstay::inline BACKSTAY_ABI
