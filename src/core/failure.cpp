#include <backstay/core/failure.hpp>

#include <array>

namespace backstay::inline BACKSTAY_ABI {

FailureKind kind_of_status(int status) noexcept {
    using enum FailureKind;
    switch (status) {
    case 304:
        return not_modified;
    case 400:
        return bad_request;
    case 401:
        return unauthorized;
    case 403:
        return forbidden;
    case 404:
        return not_found;
    case 408:
        return request_timeout;
    case 409:
        return conflict;
    case 422:
        return validation_error;
    case 425:
        return too_early;
    case 429:
        return rate_limited;
    case 501:
    case 505:
        return not_supported;
    case 502:
        return bad_gateway;
    case 503:
        return service_unavailable;
    case 504:
        return gateway_timeout;
    default:
        break;
    }
    if (status >= 300 && status < 400) {
        return redirect;
    }
    if (status >= 400 && status < 500) {
        return client_error;
    }
    return status >= 500 ? server_error : none;
}

std::string_view to_string(FailureKind kind) noexcept {
    static constexpr std::array<std::string_view, 43> names{
        "none",
        "not_modified",
        "redirect",
        "bad_request",
        "unauthorized",
        "forbidden",
        "not_found",
        "conflict",
        "validation_error",
        "request_timeout",
        "too_early",
        "rate_limited",
        "client_error",
        "server_error",
        "not_supported",
        "bad_gateway",
        "gateway_timeout",
        "service_unavailable",
        "decode_error",
        "resolve_failed",
        "connect_failed",
        "tls_failed",
        "certificate_rejected",
        "connection_lost",
        "protocol_error",
        "truncated",
        "head_too_large",
        "body_too_large",
        "too_many_redirects",
        "attempt_timeout",
        "deadline_exceeded",
        "canceled",
        "exception",
        "out_of_memory",
        "invalid_request",
        "resource_exhausted",
        "circuit_open",
        "cooling_down",
        "rate_limit_rejected",
        "concurrency_rejected",
        "throttled",
        "client_closed",
        "",
    };
    static_assert(static_cast<std::size_t>(FailureKind::client_closed) + 2 == names.size());
    const auto index = static_cast<std::size_t>(kind);
    return index + 1 < names.size() ? names[index] : std::string_view{"custom"};
}

std::string_view to_string(Reach reach) noexcept {
    static constexpr std::array<std::string_view, 4> names{"refused_here", "never_sent", "maybe_processed",
                                                           "answered"};
    return names.at(static_cast<std::size_t>(reach));
}

std::string_view to_string(StopReason reason) noexcept {
    static constexpr std::array<std::string_view, 9> names{
        "none",        "not_retryable",        "attempts_exhausted", "budget_exhausted",
        "deadline",    "server_wait_too_long", "unsafe_to_repeat",   "refused",
        "switched_off"};
    return names.at(static_cast<std::size_t>(reason));
}

std::string_view to_string(RefusedBy by) noexcept {
    static constexpr std::array<std::string_view, 9> names{"none",
                                                           "circuit_breaker",
                                                           "cool_down",
                                                           "rate_limiter",
                                                           "concurrency_limit",
                                                           "adaptive_concurrency",
                                                           "adaptive_throttle",
                                                           "client",
                                                           "credentials"};
    return names.at(static_cast<std::size_t>(by));
}

std::string_view hint_source(const Failure& failure) noexcept {
    if (failure.is(Failure::hint_from_header)) {
        return "header";
    }
    if (failure.is(Failure::hint_from_body)) {
        return "body";
    }
    return failure.is(Failure::hint_from_limits) ? "rate_limit" : "";
}

} // namespace backstay::inline BACKSTAY_ABI
