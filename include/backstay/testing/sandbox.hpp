#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/testing/certificates.hpp>
#include <backstay/testing/fault_script.hpp>
#include <backstay/testing/request_log.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace asio {
class io_context;
}

namespace backstay::inline BACKSTAY_ABI {

enum class TlsVersions : std::uint8_t { v1_2_and_1_3, only_1_1, only_1_2, only_1_3 };

/// The sandbox's API: who may use it and how often.
struct SandboxApiOptions {
    std::string token{};           ///< every request needs `Authorization: Bearer <token>`; empty: none does
    std::string read_only_token{}; ///< accepted too, but not for writing; empty: there is none
    int rate_limit = 0;            ///< requests in a window, 429 beyond them; 0: no limit
    std::chrono::seconds rate_window{60};
    std::size_t max_resources = 10'000;     ///< further ones are answered with 503
    std::function<WallTime()> wall_clock{}; ///< for `created_at`; empty: the system's
};

struct SandboxOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0; ///< 0: any free one
    FaultScript script{};
    SandboxApiOptions api{};
    bool plain_http = false;                    ///< without TLS
    std::optional<Certificates> certificates{}; ///< nullopt: fresh ones
    TlsVersions tls_versions = TlsVersions::v1_2_and_1_3;
    std::string client_ca_pem{}; ///< clients must show a certificate signed by it; empty: they need none
    std::string log_file{};      ///< requests are appended to it as JSON lines; empty: to none
    std::size_t max_connections = 1'024;            ///< further ones are closed at once
    std::size_t max_head_bytes = 64 * 1'024;        ///< 431 beyond
    std::size_t max_body_bytes = 1'024 * 1'024;     ///< 413 beyond
    std::size_t max_log_entries = 10'000;           ///< older ones are forgotten, here and in `effects`
    std::chrono::milliseconds idle_timeout{60'000}; ///< for a handshake, between requests, within a request
};

/// Sums since the start.
struct SandboxCounts {
    std::uint64_t connections = 0; ///< accepted
    std::uint64_t open = 0;        ///< of them, now
    std::uint64_t handshakes_failed = 0;
    std::uint64_t requests = 0;
};

/// A real HTTPS/1.1 server on this machine that implements the API of the guide under `/v1/resources` and
/// plays a fault script. `/v1/status/{code}` answers with that status and the guide's body for it.
/// Errors: the constructors throw `std::invalid_argument` for an option out of range, and
/// `std::runtime_error` naming the address when it cannot listen, or the file when it cannot log.
/// Thread safety: every function from any thread.
/// Source: the API status code guide; RFC 9110, 9112.
class BACKSTAY_EXPORT Sandbox {
public:
    /// Serves on a thread of its own.
    explicit Sandbox(SandboxOptions options = SandboxOptions());
    /// Serves on the caller's context, which must outlive the sandbox; `stop` takes effect when it runs.
    Sandbox(asio::io_context& context, SandboxOptions options);
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;
    ~Sandbox(); ///< stops

    /// `https://127.0.0.1:<port>`, without a trailing slash and without `/v1`.
    [[nodiscard]] const std::string& url() const noexcept;
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// What a client must trust.
    [[nodiscard]] const std::string& ca_pem() const noexcept;

    /// Replaces the fault script; counting begins anew. Requests that came before are not touched.
    void play(FaultScript script);
    /// Accepts this token instead of `api.token` from now on; who brings the old one gets 401, as after a
    /// revocation. Empty: requests need none.
    void replace_token(std::string token);
    /// Closes every connection that is open now: at once, or after the reply that is under way on it.
    void close_idle_connections();
    /// Refuses new connections and cuts all others at once, stalled ones too. May be called again.
    void stop();

    /// Copies the log: the requests as they came.
    [[nodiscard]] std::vector<SeenRequest> requests() const;
    /// Copies the log of what requests changed.
    [[nodiscard]] std::vector<Effect> effects() const;
    [[nodiscard]] SandboxCounts counts() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace backstay::inline BACKSTAY_ABI
