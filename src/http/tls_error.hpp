#pragma once

#include <backstay/core/config.hpp>

#include <string>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

/// The end of a TLS stream that was not announced by close_notify: what came may have been cut by anybody on
/// the path (RFC 8446 section 6.1). OpenSSL's own codes share the category.
enum class TlsErrc : int { truncated = 1 };

[[nodiscard]] BACKSTAY_EXPORT const std::error_category& tls_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(TlsErrc code) noexcept {
    return {static_cast<int>(code), tls_category()};
}

/// Takes the first error off OpenSSL's queue of this thread, and empties the queue.
[[nodiscard]] std::error_code take_openssl_error() noexcept;

} // namespace backstay::inline BACKSTAY_ABI

template <>
struct std::is_error_code_enum<backstay::TlsErrc> : std::true_type {};
