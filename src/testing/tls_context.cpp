#include "testing/tls_context.hpp"

#include <asio/buffer.hpp>

#include <openssl/ssl.h>

#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {

/// Takes http/1.1 if the client offers it, else no protocol at all (RFC 7301).
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned int offered_length, void*) {
    constexpr std::string_view ours("\x08http/1.1", 9);
    unsigned char* selected = nullptr;
    if (SSL_select_next_proto(&selected, length, reinterpret_cast<const unsigned char*>(ours.data()),
                              static_cast<unsigned int>(ours.size()), offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *chosen = selected;
    return SSL_TLSEXT_ERR_OK;
}

void set_versions(SSL_CTX* context, TlsVersions versions) {
    const auto set = [context](int lowest, int highest) {
        SSL_CTX_set_min_proto_version(context, lowest);
        SSL_CTX_set_max_proto_version(context, highest);
    };
    switch (versions) {
    case TlsVersions::v1_2_and_1_3:
        return set(TLS1_2_VERSION, TLS1_3_VERSION);
    case TlsVersions::only_1_1:
        return set(TLS1_1_VERSION, TLS1_1_VERSION);
    case TlsVersions::only_1_2:
        return set(TLS1_2_VERSION, TLS1_2_VERSION);
    case TlsVersions::only_1_3:
        return set(TLS1_3_VERSION, TLS1_3_VERSION);
    }
}

} // namespace

asio::ssl::context make_tls_context(const Certificates& certificates, TlsVersions versions,
                                    const std::string& client_ca_pem) {
    asio::ssl::context context(asio::ssl::context::tls_server);
    SSL_CTX* const native = context.native_handle();
    SSL_CTX_set_security_level(native, 0);
    set_versions(native, versions);
    SSL_CTX_set_alpn_select_cb(native, select_protocol, nullptr);
    context.use_certificate_chain(asio::buffer(certificates.chain_pem()));
    context.use_private_key(asio::buffer(certificates.key_pem()), asio::ssl::context::pem);
    if (!client_ca_pem.empty()) {
        context.add_certificate_authority(asio::buffer(client_ca_pem));
        context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
        constexpr std::string_view session_id = "backstay";
        SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>(session_id.data()),
                                       static_cast<unsigned int>(session_id.size()));
    }
    return context;
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
