#pragma once

#include <backstay/api/certainty.hpp>
#include <backstay/api/guide.hpp>
#include <backstay/api/history.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/http/response.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// One complaint of a server about one field of a request.
struct FieldError {
    std::string field{};
    std::string message{}; ///< the server's `message`, else its `issue`
    friend bool operator==(const FieldError&, const FieldError&) = default;
};

/// Why a call has no result, with everything that is known about it.
/// Of what a server says in a failing reply, the first kilobyte of each text and the first 100 complaints are
/// kept; a body over 256 KiB is not read. `response` has it whole. Thread safety: as a value; copies share
/// one immutable detail. Cost: 24 bytes; an error made of a `Failure` alone (a refusal) allocates nothing,
/// and a copy never does.
class BACKSTAY_EXPORT ApiError {
public:
    /// Everything beyond the `Failure`. Also for tests and fallbacks that need an error of their own.
    struct Detail {
        std::string code{};        ///< the body's `error`, verbatim
        std::string description{}; ///< the body's `error_description`
        std::vector<FieldError> details{};
        std::string details_json{}; ///< the body's `details` as it came, serialised; empty when absent
        std::string request_id{};
        std::string idempotency_key{};
        std::string message{};   ///< one sentence for the log: what was wrong, without secrets
        std::error_code cause{}; ///< the operating system's or TLS's code
        History history{};
        std::optional<Response> response{}; ///< the reply that the call ended with
        ApiGuide guide{};
        bool safe_to_repeat = true; ///< an idempotent method, or an idempotency key
    };

    ApiError() noexcept = default;
    explicit ApiError(const Failure& failure) noexcept : failure_(failure) {}
    /// When memory runs out, the error consists of the failure alone.
    ApiError(const Failure& failure, Detail detail) noexcept;
    ApiError(const ApiError& other) noexcept;
    ApiError(ApiError&& other) noexcept;
    ApiError& operator=(ApiError other) noexcept;
    ~ApiError();

    /// From the status alone, never from the body's text.
    [[nodiscard]] FailureKind kind() const noexcept { return failure_.kind; }
    /// 0 when no reply came.
    [[nodiscard]] int status() const noexcept { return failure_.status; }
    [[nodiscard]] const std::string& code() const noexcept { return detail().code; }
    [[nodiscard]] const std::string& description() const noexcept { return detail().description; }
    [[nodiscard]] const std::vector<FieldError>& details() const noexcept { return detail().details; }
    [[nodiscard]] const std::string& details_json() const noexcept { return detail().details_json; }
    [[nodiscard]] const std::string& request_id() const noexcept { return detail().request_id; }
    [[nodiscard]] const std::string& idempotency_key() const noexcept { return detail().idempotency_key; }
    [[nodiscard]] const std::string& message() const noexcept { return detail().message; }
    [[nodiscard]] std::error_code cause() const noexcept { return detail().cause; }

    /// The wait that the server named, or after which a refusal here may be tried again.
    [[nodiscard]] std::optional<Duration> retry_after() const noexcept;
    [[nodiscard]] std::string_view hint_source() const noexcept { return backstay::hint_source(failure_); }
    [[nodiscard]] StopReason stop_reason() const noexcept { return failure_.stop_reason; }
    [[nodiscard]] RefusedBy refused_by() const noexcept { return failure_.refused_by; }

    /// The first and last 15 attempts, in order. Cost: makes the list.
    [[nodiscard]] std::vector<Attempt> attempts() const { return detail().history.attempts(); }
    /// Counts all attempts; 0 when the call was refused before the first.
    [[nodiscard]] int attempt_count() const noexcept { return detail().history.total(); }

    /// Did it happen? Folded over all attempts, see `CertaintyFold`.
    [[nodiscard]] Certainty certainty() const noexcept;
    /// A 2xx came but its body was not what was asked for: it did happen.
    [[nodiscard]] bool accepted() const noexcept;
    /// Whether the same call may succeed later, and may be repeated without doing twice what it did once.
    /// `retry_after` says when; after `client_closed` and `canceled` it is false.
    [[nodiscard]] bool retryable() const noexcept;

    /// How to handle it, one line each: the client's guide, else neutral text. Lifetime: this error's.
    [[nodiscard]] const std::vector<std::string>& advice() const noexcept;
    /// What an end user may be told: no host, id or cause. Lifetime: this error's.
    [[nodiscard]] std::string_view user_message() const noexcept;

    /// The whole reply, when one came.
    [[nodiscard]] const Response* response() const noexcept;

    /// For policies, when an operation of one's own returns this error.
    [[nodiscard]] const Failure& failure() const noexcept { return failure_; }
    void annotate(StopReason why, RefusedBy by) noexcept {
        failure_.stop_reason = why;
        failure_.refused_by = by;
    }

private:
    struct Shared;
    [[nodiscard]] const Detail& detail() const noexcept;

    Failure failure_;
    Shared* shared_ = nullptr; ///< counted by hand: a shared_ptr would make the error 32 bytes
};

static_assert(sizeof(ApiError) == 24);

/// Writes one line for the log: kind, status, the server's words or else `message` (bounded, what could steer
/// a terminal replaced), request id, certainty and every kept attempt. No header, token, query value or
/// idempotency key of the request is in it.
[[nodiscard]] BACKSTAY_EXPORT std::string to_string(const ApiError& error);

} // namespace backstay::inline BACKSTAY_ABI
