#pragma once

#include "http/byte_stream.hpp"
#include "http/resolver.hpp"
#include "http/step_fault.hpp"
#include "http/tls_context.hpp"
#include "http/watchdog.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/https_transport.hpp>
#include <backstay/http/url.hpp>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

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

/// Resolves, connects by TCP to one address after the other, and shakes hands by TLS. A refused certificate
/// ends the search: another address is not asked whether it has a better one.
class BACKSTAY_EXPORT NetConnector final : public Connector {
public:
    /// Errors: as `TlsContext` and `Resolver`.
    explicit NetConnector(const HttpsOptions& options, LookupThreads threads = LookupThreads());

    [[nodiscard]] StepFault refuses(const Origin& origin) const override;
    [[nodiscard]] asio::awaitable<ConnectResult> connect(const Origin& origin, Watchdog& watchdog,
                                                         ConnectTimes& times) override;

private:
    asio::awaitable<ConnectResult> connect_to(asio::ip::tcp::endpoint endpoint, const Origin& origin,
                                              Watchdog& watchdog, ConnectTimes& times);

    Duration connect_timeout_;
    bool allow_plain_http_;
    Resolver resolver_;
    TlsContext tls_;
};

} // namespace backstay::inline BACKSTAY_ABI
