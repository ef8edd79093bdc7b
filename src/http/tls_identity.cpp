#include "http/tls_identity.hpp"

#include "http/openssl_handle.hpp"
#include "http/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// One PEM text, and what to call it in an error.
struct Source {
    std::string_view option; ///< `client_key`: what follows is `_file` or `_pem`
    const std::string& file;
    const std::string& pem;
    std::string_view allowed;

    [[nodiscard]] bool given() const noexcept { return !file.empty() || !pem.empty(); }

    [[noreturn]] void refuse(std::string_view reason) const {
        std::string what = "TlsOptions.";
        what.append(option).append(pem.empty() ? "_file is " : "_pem is ");
        what.append(pem.empty() ? (file.empty() ? "empty" : file) : std::to_string(pem.size()) + " bytes");
        what.append(" (").append(reason).append("), allowed is ").append(allowed);
        throw std::invalid_argument(what);
    }

    [[nodiscard]] BioHandle open() const {
        if (!file.empty() && !pem.empty()) {
            refuse("and the option for a file is given too");
        }
        BioHandle text(pem.empty() ? BIO_new_file(file.c_str(), "r")
                                   : BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
        if (!text) {
            refuse(take_openssl_error().message());
        }
        return text;
    }
};

struct Passphrase {
    const std::string& text;
    bool asked = false;
};

/// Without it, OpenSSL would ask at the terminal.
int give_passphrase(char* into, int size, int /*for_writing*/, void* given) {
    auto& passphrase = *static_cast<Passphrase*>(given);
    passphrase.asked = true;
    const auto length = std::min(passphrase.text.size(), static_cast<std::size_t>(size));
    std::memcpy(into, passphrase.text.data(), length);
    return length == 0 ? -1 : static_cast<int>(length);
}

void load_chain(SSL_CTX& context, const Source& source) {
    const BioHandle text = source.open();
    const CertificateHandle own(PEM_read_bio_X509_AUX(text.get(), nullptr, nullptr, nullptr));
    if (!own) {
        source.refuse("no certificate in it: " + take_openssl_error().message());
    }
    if (SSL_CTX_use_certificate(&context, own.get()) != 1) {
        source.refuse(take_openssl_error().message());
    }
    for (;;) {
        CertificateHandle issuer(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
        if (!issuer) {
            break;
        }
        if (SSL_CTX_add0_chain_cert(&context, issuer.get()) != 1) {
            source.refuse(take_openssl_error().message());
        }
        static_cast<void>(issuer.release()); // the context's now
    }
    const unsigned long last = ERR_peek_last_error();
    ERR_clear_error();
    if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE) {
        source.refuse("one of the certificates in it is damaged");
    }
}

void load_key(SSL_CTX& context, const Source& source, const std::string& given) {
    const BioHandle text = source.open();
    Passphrase passphrase{given};
    const KeyHandle key(PEM_read_bio_PrivateKey(text.get(), nullptr, &give_passphrase, &passphrase));
    if (!key) {
        const std::string reason = take_openssl_error().message();
        if (passphrase.asked) {
            source.refuse(given.empty() ? "it is encrypted, and TlsOptions.client_key_passphrase is empty"
                                        : "it is encrypted with another passphrase: " + reason);
        }
        source.refuse("no private key in it: " + reason);
    }
    if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1) {
        source.refuse("it does not belong to the client certificate: " + take_openssl_error().message());
    }
}

} // namespace

void load_identity(SSL_CTX& context, const TlsOptions& options) {
    const Source certificate{"client_certificate", options.client_certificate_file,
                             options.client_certificate_pem,
                             "PEM certificates, the client's own first, in one of the two options"};
    const Source key{"client_key", options.client_key_file, options.client_key_pem,
                     "the PEM private key of the client certificate, in one of the two options"};
    if (!certificate.given() && !key.given()) {
        return;
    }
    if (!certificate.given()) {
        certificate.refuse("but there is a client key");
    }
    if (!key.given()) {
        key.refuse("but there is a client certificate");
    }
    load_chain(context, certificate);
    load_key(context, key, options.client_key_passphrase);
}

} // namespace backstay::inline BACKSTAY_ABI
