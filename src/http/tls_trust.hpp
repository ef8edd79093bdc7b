#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/tls_options.hpp>

#include <span>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace backstay::inline BACKSTAY_ABI {

/// Where the system keeps its CA bundle: SSL_CERT_FILE when it is set, then alone; else the usual places.
[[nodiscard]] BACKSTAY_EXPORT std::vector<std::string> system_ca_candidates();

/// Fills the context's trust store from the options, or else from the first candidate that can be read.
/// Returns what was tried, for the error of a certificate that is not accepted: nothing found is no error
/// yet, nobody is trusted then. Errors: throws `std::invalid_argument` when the options' own CA cannot be
/// read.
[[nodiscard]] BACKSTAY_EXPORT std::string load_trust(ssl_ctx_st& context, const TlsOptions& options,
                                                     std::span<const std::string> candidates);

} // namespace backstay::inline BACKSTAY_ABI
