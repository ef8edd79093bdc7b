#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/http/fields.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// How an exchange was carried.
struct ExchangeInfo {
    std::string remote{};        ///< `127.0.0.1:8443`; empty when no connection was made
    bool reused = false;         ///< over a connection that had carried an exchange before
    bool shared = false;         ///< several calls were served by it at once, see `SingleFlightTransport`
    int resends = 0;             ///< after a stale connection
    bool resumed = false;        ///< the TLS session of an earlier connection was, for a short handshake
    int redirects = 0;           ///< that were followed, see `RedirectTransport`
    std::string final_url{};     ///< where they led, query values as `***`; empty without one
    Duration connect_time{0};    ///< name, TCP and TLS together; zero when reused
    Duration lookup_time{0};     ///< of it, finding the addresses
    Duration tcp_time{0};        ///< of it, TCP, to addresses that failed included
    Duration tls_time{0};        ///< of it, the handshake
    Duration first_byte_time{0}; ///< from the request's first byte to the reply's
};

/// What a reply consists of, before it becomes a `Response`.
struct ResponseParts {
    int status = 0;
    std::string reason{};
    Fields fields{};
    Fields trailers{};
    std::string body{};
    ExchangeInfo exchange{};
};

/// A whole reply: a handle of 32 bytes, cheap to copy and move; the parts are shared and never change.
/// A failing status is a value here, which policies see through `failure()`.
class Response {
public:
    /// An empty reply with status 200, for tests and benchmarks: holds no memory.
    Response() noexcept = default;

    /// Takes the parts; `failure` starts as what the status alone says.
    explicit Response(ResponseParts parts) : parts_(std::make_shared<ResponseParts>(std::move(parts))) {
        failure_.kind = kind_of_status(parts_->status);
        failure_.reach = Reach::answered;
        failure_.status = static_cast<std::uint16_t>(parts_->status);
    }

    [[nodiscard]] int status() const noexcept { return parts().status; }
    [[nodiscard]] const Fields& fields() const noexcept { return parts().fields; }
    [[nodiscard]] const Fields& trailers() const noexcept { return parts().trailers; }
    [[nodiscard]] const std::string& body() const noexcept { return parts().body; }
    [[nodiscard]] const ExchangeInfo& exchange() const noexcept { return parts().exchange; }
    [[nodiscard]] bool ok() const noexcept { return failure_.kind == FailureKind::none; }

    /// What policies are shown: null for success.
    [[nodiscard]] const Failure* failure() const noexcept { return ok() ? nullptr : &failure_; }

    /// Refines what policies are shown: the server's wait, `in_progress`. The kind stays the status's.
    void refine(const Failure& failure) noexcept { failure_ = failure; }

    /// Says that the exchange served several calls. Cost: copies the parts, unless this is their only handle.
    BACKSTAY_EXPORT void mark_shared();

    /// Says that redirects were followed. Cost: as `mark_shared`.
    BACKSTAY_EXPORT void mark_redirected(int redirects, std::string final_url);

    /// Writes why the call ended with this reply.
    void annotate(StopReason why, RefusedBy by) noexcept {
        failure_.stop_reason = why;
        failure_.refused_by = by;
    }

    /// The stop reason and refusal with which the call ended, and the hint; meaningful for success too.
    [[nodiscard]] const Failure& facts() const noexcept { return failure_; }

private:
    [[nodiscard]] BACKSTAY_EXPORT static const ResponseParts& empty() noexcept;
    BACKSTAY_EXPORT ResponseParts& own_parts();
    [[nodiscard]] const ResponseParts& parts() const noexcept { return parts_ ? *parts_ : empty(); }

    std::shared_ptr<const ResponseParts> parts_;
    Failure failure_{.kind = FailureKind::none, .reach = Reach::answered, .status = 200};
};

static_assert(sizeof(Response) <= 32);

} // namespace backstay::inline BACKSTAY_ABI
