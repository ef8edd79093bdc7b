#pragma once

#include "http/byte_stream.hpp"
#include "http/dialer.hpp"
#include "http/resolver.hpp"
#include "http/step_fault.hpp"
#include "http/tls_context.hpp"
#include "http/watchdog.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/https_transport.hpp>
#include <backstay/http/url.hpp>

#include <asio/awaitable.hpp>

#include <memory>

namespace backstay::inline BACKSTAY_ABI {

using ConnectResult = expected<std::unique_ptr<ByteStream>, StepFault>;

/// How long the parts of a connection's making took, of one that failed too.
struct ConnectTimes {
    Duration lookup{0};
    Duration tcp{0};
    Duration tls{0};
    bool resumed = false; ///< the handshake was a short one
};

/// Makes connections that are ready for a request. The seam below which a transport can run in memory.
/// Thread safety: any thread.
class BACKSTAY_EXPORT Connector {
public:
    Connector() = default;
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;
    virtual ~Connector() = default;

    /// Says why an origin must not be connected to at all; `none` when it may.
    [[nodiscard]] virtual StepFault refuses(const Origin& /*origin*/) const { return {}; }

    /// Connects. When the watchdog ended it, its verdict says why, whatever the fault is.
    [[nodiscard]] virtual asio::awaitable<ConnectResult> connect(const Origin& origin, Watchdog& watchdog,
                                                                 ConnectTimes& times) = 0;
};

/// Resolves, connects by TCP to the address that answers first, and shakes hands by TLS. Should that fail,
/// the other addresses are tried; but a refused certificate ends the search: nobody is asked whether he has a
/// better one. Addresses of which none was of use are looked up anew for the next connection.
/// Source: RFC 8305.
class BACKSTAY_EXPORT NetConnector final : public Connector {
public:
    /// Errors: as `TlsContext` and `Resolver`.
    explicit NetConnector(const HttpsOptions& options, LookupThreads threads = LookupThreads(),
                          std::unique_ptr<Dialer> dialer = std::make_unique<TcpDialer>());

    [[nodiscard]] StepFault refuses(const Origin& origin) const override;
    [[nodiscard]] asio::awaitable<ConnectResult> connect(const Origin& origin, Watchdog& watchdog,
                                                         ConnectTimes& times) override;

private:
    asio::awaitable<ConnectResult> secure(std::unique_ptr<ByteStream> tcp, const Origin& origin,
                                          Watchdog& watchdog, ConnectTimes& times);

    Duration connect_timeout_;
    bool allow_plain_http_;
    Resolver resolver_;
    std::unique_ptr<Dialer> dialer_;
    TlsContext tls_;
};

} // namespace backstay::inline BACKSTAY_ABI
