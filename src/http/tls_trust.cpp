#include "http/tls_trust.hpp"

#include "http/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr const char* usual_places[] = {
    "/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
    "/etc/ssl/ca-bundle.pem",                            // SUSE
    "/etc/ssl/cert.pem",                                 // macOS, BSD
    "/usr/local/share/certs/ca-root-nss.crt",            // FreeBSD
};

bool load_file(SSL_CTX& context, const std::string& path) noexcept {
    return SSL_CTX_load_verify_file(&context, path.c_str()) == 1;
}

struct BioDelete {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct CertificateDelete {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

/// Counts the certificates that were added.
int load_pem(SSL_CTX& context, const std::string& pem) {
    const std::unique_ptr<BIO, BioDelete> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!text) {
        throw std::bad_alloc();
    }
    int added = 0;
    for (;;) {
        const std::unique_ptr<X509, CertificateDelete> certificate(
            PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
        if (!certificate) {
            ERR_clear_error();
            return added;
        }
        added += X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), certificate.get());
    }
}

} // namespace

std::vector<std::string> system_ca_candidates() {
    const char* const named = std::getenv("SSL_CERT_FILE"); // NOLINT(concurrency-mt-unsafe)
    if (named != nullptr && *named != '\0') {
        return {named};
    }
    return {std::begin(usual_places), std::end(usual_places)};
}

std::string load_trust(SSL_CTX& context, const TlsOptions& options, std::span<const std::string> candidates) {
    if (!options.ca_file.empty() && !load_file(context, options.ca_file)) {
        const std::string reason = take_openssl_error().message();
        throw std::invalid_argument("TlsOptions.ca_file is " + options.ca_file + " (" + reason +
                                    "), allowed is a readable file of PEM certificates");
    }
    if (!options.ca_pem.empty() && load_pem(context, options.ca_pem) == 0) {
        throw std::invalid_argument("TlsOptions.ca_pem is " + std::to_string(options.ca_pem.size()) +
                                    " bytes without a certificate, allowed is PEM text");
    }
    if (!options.ca_file.empty() || !options.ca_pem.empty()) {
        return "trusted: " + (options.ca_file.empty() ? "" : options.ca_file + " ") +
               (options.ca_pem.empty() ? "" : "PEM text given in the options");
    }
    std::string tried = "no CA file could be read, tried:";
    for (const std::string& path : candidates) {
        if (load_file(context, path)) {
            ERR_clear_error();
            return "trusted: " + path;
        }
        tried.append(" ").append(path);
    }
    ERR_clear_error();
    return tried;
}

} // namespace backstay::inline BACKSTAY_ABI
