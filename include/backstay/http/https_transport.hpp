#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/metric_source.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/pool_snapshot.hpp>
#include <backstay/http/tls_options.hpp>
#include <backstay/http/transport.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

class Connector;

/// Sends a host to an address without asking DNS, as curl's `--resolve` does.
struct ResolveOverride {
    std::string host{};
    std::uint16_t port = 443;
    std::string address{}; ///< IPv4 or IPv6, without brackets
};

struct HttpsOptions {
    TlsOptions tls{};
    std::chrono::milliseconds connect_timeout{3'000}; ///< TCP and TLS together, per address; 0: no own limit
    std::chrono::milliseconds dns_cache_for{30'000};  ///< how long a name's addresses are kept; 0: not at all
    std::chrono::milliseconds idle_timeout{0};        ///< between bytes of a reply; 0: no own limit
    std::size_t max_connections_per_origin = 1'000;   ///< further calls wait, first come first served
    std::size_t max_handshakes_per_origin = 32;       ///< connections being made at once
    std::size_t max_idle_connections = 1'000;         ///< of all origins together
    std::chrono::milliseconds idle_for{
        30'000}; ///< how long an unused connection is kept if the server says nothing
    std::chrono::milliseconds max_age{300'000}; ///< then retired (±10 %), to follow DNS; 0: never
    std::size_t max_body_bytes = std::size_t{16} * 1024 * 1024; ///< of a reply; a request may say otherwise
    std::size_t max_head_bytes =
        std::size_t{64} * 1024;   ///< status lines and fields, informational ones included
    std::size_t max_fields = 256; ///< trailer fields included
    bool accept_gzip = false;     ///< asks for gzip, unless a request has its own Accept-Encoding; see below
    std::size_t max_gzip_ratio = 100; ///< decoded bytes to a byte of gzip; not asked below 64 KiB
    bool allow_plain_http = false;    ///< `http://` to other hosts than loopback
    std::vector<ResolveOverride> resolve_overrides{};
};

/// Carries exchanges by HTTP/1.1 over TLS 1.2 or 1.3, on connections that are kept alive and shared.
/// A request that is not safe to repeat is written at most once; one that a stale kept-alive connection lost
/// is written again, once, if it is safe or had not left. `CallContext::resends` counts that.
/// With `accept_gzip`, a body that comes as gzip is decoded, and the fields Content-Encoding and
/// Content-Length are taken from the reply then, for they speak of the coded body (a reply to HEAD keeps
/// them). The limit of the body holds for both. Any other coding is refused as `protocol_error`.
///
/// Errors: the constructor throws `std::invalid_argument` for an option out of range, or for a CA or client
/// certificate that cannot be used. Nothing throws afterwards. `Response::failure` is what the status says;
/// hints are left to the caller. Thread safety: one transport serves calls on any number of contexts and
/// threads. A connection stays on the context where it was made, so one `io_context` per thread shares limits
/// and no connection. Lifetime: runtime outlives transport; a transport may go before its calls have ended,
/// and before or after the contexts. An idle connection keeps no context running, so expired ones are closed
/// at the next call, whichever origin that goes to.
/// Source: RFC 9112; RFC 9110; RFC 6125 for names.
class BACKSTAY_EXPORT HttpsTransport final : public Transport {
public:
    HttpsTransport(const HttpsOptions& options, Runtime& runtime);

    /// Takes connections from elsewhere, for tests: in-memory streams under virtual time.
    HttpsTransport(const HttpsOptions& options, Runtime& runtime, std::unique_ptr<Connector> connector);

    ~HttpsTransport() override; ///< as `close`

    [[nodiscard]] asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                                           CallContext& call) override;
    void close() noexcept override;

    /// Tells how it stands with the connections to each origin, in no particular order.
    [[nodiscard]] std::vector<PoolSnapshot> pool_snapshot() const;
    /// The same for a metrics observer, as `backstay.pool.*` by `origin`, and by `pool` if it is given a
    /// name. It may outlive the transport, and is silent then.
    [[nodiscard]] std::shared_ptr<const MetricSource> metric_source(std::string name = std::string()) const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace backstay::inline BACKSTAY_ABI
