#include "http/tls_context.hpp"

#include "http/tls_error.hpp"
#include "http/tls_identity.hpp"
#include "http/tls_trust.hpp"

#include <asio/ip/address.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <iterator>
#include <new>
#include <stdexcept>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

namespace {

struct ContextDelete {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using ContextHandle = std::unique_ptr<SSL_CTX, ContextDelete>;

constexpr unsigned char alpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr int security_level = 2; // 112 bits: no RSA below 2048, no SHA-1 signature

ContextHandle make_context() {
    ContextHandle context(SSL_CTX_new(TLS_client_method()));
    if (!context) {
        throw std::runtime_error("OpenSSL gives no TLS context: " + take_openssl_error().message());
    }
    SSL_CTX* const raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(raw, 0);
    SSL_CTX_set_security_level(raw, security_level);
    SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    // a system-wide openssl.cnf may have set these
    SSL_CTX_clear_options(raw, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT |
                                   SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(raw, 1); // one read for a record's header and body
    if (SSL_CTX_set_alpn_protos(raw, alpn, sizeof alpn) != 0) {
        throw std::bad_alloc();
    }
    return context;
}

} // namespace

void TlsSessionDelete::operator()(ssl_st* session) const noexcept {
    SSL_free(session);
}

TlsContext::TlsContext(const TlsOptions& options) : tickets_(options.max_sessions) {
    ContextHandle context = make_context();
    if (options.max_sessions == 0) {
        SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    } else {
        SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_set_app_data(context.get(), &tickets_);
        SSL_CTX_sess_set_new_cb(context.get(), &keep_ticket);
    }
    if (options.verification.required()) {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
        trust_ = load_trust(*context, options, system_trust_places());
    } else {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
        trust_ = "verification is switched off";
    }
    load_identity(*context, options);
    context_ = context.release();
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

TlsSession TlsContext::session(const std::string& host) const {
    TlsSession session(SSL_new(context_));
    if (!session) {
        throw std::bad_alloc();
    }
    X509_VERIFY_PARAM* const expected_peer = SSL_get0_param(session.get());
    X509_VERIFY_PARAM_set_hostflags(expected_peer, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                                       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    std::error_code no_address;
    static_cast<void>(asio::ip::make_address(host, no_address));
    int done = 0;
    if (!no_address) {
        done = X509_VERIFY_PARAM_set1_ip_asc(expected_peer, host.c_str());
    } else {
        // a name that ends with the root's dot is the same name in SNI and certificate (RFC 6066 section 3)
        const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
        done = X509_VERIFY_PARAM_set1_host(expected_peer, name.c_str(), name.size()) == 1 &&
               SSL_set_tlsext_host_name(session.get(), name.c_str()) == 1;
    }
    if (done != 1) {
        throw std::system_error(take_openssl_error(), "host " + host);
    }
    return session;
}

bool TlsContext::resume(ssl_st& session, const std::string& peer) const noexcept {
    SSL_set_app_data(&session, const_cast<std::string*>(&peer));
    const TlsTicket ticket = tickets_.take(peer, std::time(nullptr));
    return ticket && SSL_set_session(&session, ticket.get()) == 1;
}

/// Called by OpenSSL after a handshake that went well, and in TLS 1.3 for each ticket that comes then. A copy
/// is kept: OpenSSL writes into its own when the connection breaks. A ticket more or less is no reason to
/// fail.
int TlsContext::keep_ticket(ssl_st* session, ssl_session_st* ticket) noexcept {
    auto* const tickets = static_cast<TlsSessionCache*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
    const auto* const peer = static_cast<const std::string*>(SSL_get_app_data(session));
    if (peer != nullptr) {
        try {
            tickets->put(*peer, TlsTicket(SSL_SESSION_dup(ticket)));
        } catch (const std::bad_alloc&) {
        }
    }
    return 0;
}

} // namespace backstay::inline BACKSTAY_ABI
