#pragma once

#include <backstay/api/attempt.hpp>
#include <backstay/core/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Appends words that a server chose: bounded, and unable to end the line.
void append_text(std::string& line, std::string_view text);

/// Writes attempts in words, `#1 503 service_unavailable in 8 ms request_id=r1; ... #4 after 250 ms 500 ...`.
/// A server's request id can neither end an attempt nor pretend to be another.
[[nodiscard]] BACKSTAY_EXPORT std::string attempts_text(const std::vector<Attempt>& attempts);

} // namespace backstay::inline BACKSTAY_ABI::detail
