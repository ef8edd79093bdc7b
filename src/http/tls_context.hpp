#pragma once

#include "http/tls_session_cache.hpp"

#include <backstay/core/config.hpp>
#include <backstay/http/tls_options.hpp>

#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace backstay::inline BACKSTAY_ABI {

struct BACKSTAY_EXPORT TlsSessionDelete {
    void operator()(ssl_st* session) const noexcept;
};
using TlsSession = std::unique_ptr<ssl_st, TlsSessionDelete>;

/// What all TLS sessions of a transport share: versions, trust, how strict verification is, and the tickets
/// for shorter handshakes. Thread safety: any thread.
class BACKSTAY_EXPORT TlsContext {
public:
    /// Errors: throws `std::invalid_argument` for a CA or a client certificate that cannot be
    /// used, `std::runtime_error` when OpenSSL refuses to start.
    explicit TlsContext(const TlsOptions& options);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

    /// Makes a client session that will accept only `host`: a name by its DNS alternative names, an address
    /// by its IP ones (RFC 6125; no fallback to the common name). Errors: throws `std::bad_alloc`.
    [[nodiscard]] TlsSession session(const std::string& host) const;

    /// Offers the server what shortens the handshake, if an earlier connection to that peer got it, and keeps
    /// what this one gets. True when something is offered. Lifetime: `peer` outlives the session.
    bool resume(ssl_st& session, const std::string& peer) const noexcept;
    /// Has later handshakes with that peer begin from nothing.
    void forget(const std::string& peer) const noexcept { tickets_.forget(peer); }

    /// Says which CA files count, or were looked for in vain.
    [[nodiscard]] const std::string& trust() const noexcept { return trust_; }

private:
    static int keep_ticket(ssl_st* session, ssl_session_st* ticket) noexcept;

    mutable TlsSessionCache tickets_;
    ssl_ctx_st* context_;
    std::string trust_;
};

} // namespace backstay::inline BACKSTAY_ABI
