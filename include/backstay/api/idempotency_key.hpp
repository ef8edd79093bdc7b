#pragma once

#include <backstay/core/config.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Makes a fresh idempotency key, nullopt when there is none to be had. Called from any thread.
using KeyGenerator = std::function<std::optional<std::string>()>;

/// Makes a UUID of version 4 (RFC 9562) with 122 bits from the operating system's generator; nullopt when
/// that fails, so that a weak key is never used.
[[nodiscard]] BACKSTAY_EXPORT std::optional<std::string> random_uuid();

/// Writes a key as a structured-field string (RFC 9651 section 3.3.3): quoted, `"` and `\` escaped; nullopt
/// when it is empty or holds anything but printable ASCII.
[[nodiscard]] BACKSTAY_EXPORT std::optional<std::string> quoted_key(std::string_view key);

} // namespace backstay::inline BACKSTAY_ABI
