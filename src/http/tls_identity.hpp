#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/tls_options.hpp>

struct ssl_ctx_st;

namespace backstay::inline BACKSTAY_ABI {

/// Takes the options' client certificate and key, if there are any, to be shown to servers that ask for one.
/// Errors: throws `std::invalid_argument` naming the option, its file and the reason; never a word of a key
/// or of its passphrase.
BACKSTAY_EXPORT void load_identity(ssl_ctx_st& context, const TlsOptions& options);

} // namespace backstay::inline BACKSTAY_ABI
