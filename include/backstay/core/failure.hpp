#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace backstay::inline BACKSTAY_ABI {

/// What went wrong. The kind of an answered request comes from its status alone, never from the body.
/// Values 128 to 255 are the user's own.
enum class FailureKind : std::uint8_t {
    none, ///< success; never the kind of a `Failure` that a policy is shown
    // answered by the server
    not_modified,
    redirect,
    bad_request,
    unauthorized,
    forbidden,
    not_found,
    conflict,
    validation_error,
    request_timeout,
    too_early,
    rate_limited,
    client_error,
    server_error,
    not_supported,
    bad_gateway,
    gateway_timeout,
    service_unavailable,
    decode_error, ///< answered, but the body is not what the caller asked for
    // the network
    resolve_failed,
    connect_failed,
    tls_failed,
    certificate_rejected,
    connection_lost,
    protocol_error,
    truncated,
    head_too_large,
    body_too_large,
    too_many_redirects,
    // time
    attempt_timeout,
    deadline_exceeded,
    canceled,
    // this process
    exception,
    out_of_memory,
    invalid_request,
    resource_exhausted,
    // refused here, before anything was sent
    circuit_open,
    cooling_down,
    rate_limit_rejected,
    concurrency_rejected,
    throttled,
    client_closed,
};

/// How far the request came, as far as this side can know.
enum class Reach : std::uint8_t {
    refused_here,    ///< a policy refused it: nothing was attempted
    never_sent,      ///< no byte of the request can have been processed
    maybe_processed, ///< bytes may have arrived and no answer came: it may have happened
    answered,        ///< a complete reply came
};

/// Why a call was not repeated.
enum class StopReason : std::uint8_t {
    none,
    not_retryable,
    attempts_exhausted,
    budget_exhausted,
    deadline,
    server_wait_too_long,
    unsafe_to_repeat,
    refused,      ///< the repeat was refused here, see `RefusedBy`
    switched_off, ///< somebody switched retries off by hand
};

/// Which policy refused.
enum class RefusedBy : std::uint8_t {
    none,
    circuit_breaker,
    cool_down,
    rate_limiter,
    concurrency_limit,
    adaptive_concurrency,
    adaptive_throttle,
    client,      ///< the client was shut down
    credentials, ///< no token was to be had
};

/// A policy's whole view of an error: 16 trivial bytes, so that deciding never allocates.
struct Failure {
    /// Bits of `flags`.
    enum Flag : std::uint16_t {
        has_hint = 1,         ///< `hint` is set
        hint_from_header = 2, ///< by the Retry-After header
        hint_from_body = 4,   ///< by the body's `retry_after`
        hint_from_limits = 8, ///< by a rate-limit header (RateLimit, X-RateLimit-Reset, ...)
        in_progress = 16,     ///< 409: the first attempt with this idempotency key is still running
    };

    FailureKind kind = FailureKind::none;
    Reach reach = Reach::maybe_processed;
    std::uint16_t status = 0; ///< the HTTP status, 0 when none came
    StopReason stop_reason = StopReason::none;
    RefusedBy refused_by = RefusedBy::none;
    std::uint16_t flags = 0;
    Duration hint{0}; ///< the server's wait, or when a refusal may be tried again; see `has_hint`

    [[nodiscard]] constexpr bool is(Flag flag) const noexcept { return (flags & flag) != 0; }

    /// Sets the wait and where it came from (0: no particular source).
    constexpr Failure& set_hint(Duration wait, std::uint16_t source = 0) noexcept {
        hint = wait;
        flags = static_cast<std::uint16_t>(flags | has_hint | source);
        return *this;
    }

    friend constexpr bool operator==(const Failure&, const Failure&) = default;
};

static_assert(sizeof(Failure) == 16 && std::is_trivially_copyable_v<Failure>);

/// Makes the failure of a policy that refuses, with the time until it may be tried again.
[[nodiscard]] constexpr Failure refusal(FailureKind kind, RefusedBy by, Duration retry_in) noexcept {
    Failure failure{.kind = kind, .reach = Reach::refused_here, .refused_by = by};
    failure.set_hint(retry_in);
    return failure;
}

/// Maps a status to its kind (docs/policies.md has the table); `none` for 2xx and 1xx.
[[nodiscard]] BACKSTAY_EXPORT FailureKind kind_of_status(int status) noexcept;

/// Names as they appear in logs and JSON; `custom` for a user's own kind.
[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(FailureKind kind) noexcept;
[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(Reach reach) noexcept;
[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(StopReason reason) noexcept;
[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(RefusedBy by) noexcept;

/// Names the source of a failure's hint: `header`, `body`, `rate_limit`, or empty.
[[nodiscard]] BACKSTAY_EXPORT std::string_view hint_source(const Failure& failure) noexcept;

/// When a call must end, and the kind of failure that passing it is. The stage that cut a call names it.
struct Deadline {
    TimePoint at = end_of_time;
    FailureKind kind = FailureKind::deadline_exceeded;

    /// Takes the other one if it is strictly earlier: on a tie the outer one stands.
    constexpr void narrow(TimePoint until, FailureKind named) noexcept {
        if (until < at) {
            at = until;
            kind = named;
        }
    }
};

} // namespace backstay::inline BACKSTAY_ABI
