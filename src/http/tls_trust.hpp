#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/tls_options.hpp>

#include <string>
#include <vector>

struct ssl_ctx_st;

namespace backstay::inline BACKSTAY_ABI {

/// Where to look for the system's CA certificates.
struct TrustPlaces {
    std::vector<std::string> files{};       ///< PEM bundles: the first that can be read counts
    std::vector<std::string> directories{}; ///< of hashed names (`openssl rehash`): all that exist count
};

/// Takes SSL_CERT_FILE and SSL_CERT_DIR (several, with colons between them) when one of them is set, and then
/// nothing else; else the usual places of the bundle.
[[nodiscard]] BACKSTAY_EXPORT TrustPlaces system_trust_places();

/// Fills the context's trust store from the options, or else from the places.
/// Returns what was tried, for the error of a certificate that is not accepted: nothing found is no error
/// yet, nobody is trusted then. Errors: throws `std::invalid_argument` when the options' own CA cannot be
/// read.
[[nodiscard]] BACKSTAY_EXPORT std::string load_trust(ssl_ctx_st& context, const TlsOptions& options,
                                                     const TrustPlaces& places);

} // namespace backstay::inline BACKSTAY_ABI
