#pragma once

#include <backstay/core/config.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Says which byte makes the text no URL (RFC 3986 section 2); Boost.URL would only say that something is
/// wrong.
[[nodiscard]] std::optional<std::string> url_byte_fault(std::string_view text);

/// True when a segment is `.` or `..`, also when its dots, or a slash or backslash beside it, are
/// percent-encoded: some servers read those alike.
[[nodiscard]] bool has_dot_segment(std::string_view path);

/// RFC 3986 section 5.2.4. Boost.URL leaves a `..` that would climb above the root.
[[nodiscard]] std::string without_dot_segments(std::string_view path);

/// Encodes every byte that is not unreserved.
[[nodiscard]] std::string percent_encoded(std::string_view text);

[[nodiscard]] std::string lower_case(std::string_view text);

} // namespace backstay::inline BACKSTAY_ABI
