#pragma once

#include <backstay/core/config.hpp>
#include <backstay/testing/sandbox.hpp>

#include <asio/ssl/context.hpp>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// Makes the server's side of TLS. It shows any certificate that it is given, weak ones too: refusing them is
/// the client's part. Throws `std::system_error` when OpenSSL does not take certificate or key.
[[nodiscard]] asio::ssl::context make_tls_context(const Certificates& certificates, TlsVersions versions,
                                                  const std::string& client_ca_pem);

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
