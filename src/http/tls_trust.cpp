#include "http/tls_trust.hpp"

#include "http/openssl_handle.hpp"
#include "http/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>

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

/// Counts the certificates that were added.
int load_pem(SSL_CTX& context, const std::string& pem) {
    const BioHandle text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!text) {
        throw std::bad_alloc();
    }
    int added = 0;
    for (;;) {
        const CertificateHandle certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
        if (!certificate) {
            ERR_clear_error();
            return added;
        }
        added += X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), certificate.get());
    }
}

bool load_directory(SSL_CTX& context, const std::string& path) {
    std::error_code unknown;
    return std::filesystem::is_directory(path, unknown) &&
           SSL_CTX_load_verify_dir(&context, path.c_str()) == 1;
}

std::string_view environment(const char* name) noexcept {
    const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe)
    return value != nullptr ? value : std::string_view();
}

} // namespace

TrustPlaces system_trust_places() {
    TrustPlaces places;
    if (const std::string_view file = environment("SSL_CERT_FILE"); !file.empty()) {
        places.files.emplace_back(file);
    }
    std::string_view rest = environment("SSL_CERT_DIR");
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        if (!one.empty()) {
            places.directories.emplace_back(one);
        }
    }
    if (places.files.empty() && places.directories.empty()) {
        places.files.assign(std::begin(usual_places), std::end(usual_places));
    }
    return places;
}

std::string load_trust(SSL_CTX& context, const TlsOptions& options, const TrustPlaces& places) {
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
    std::string trusted;
    std::string tried;
    for (const std::string& path : places.files) {
        tried.append(" ").append(path);
        if (load_file(context, path)) {
            trusted.append(" ").append(path);
            break;
        }
    }
    for (const std::string& path : places.directories) {
        tried.append(" ").append(path);
        if (load_directory(context, path)) {
            trusted.append(" ").append(path);
        }
    }
    ERR_clear_error();
    return trusted.empty() ? "no CA certificates could be read, tried:" + tried : "trusted:" + trusted;
}

} // namespace backstay::inline BACKSTAY_ABI
