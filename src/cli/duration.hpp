#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/core/time.hpp>

#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Reads a number and its unit: `250ms`, `1.5s`, `5min`, `1h`, also `us` and `ns`.
/// Errors: a sentence that quotes the text and says what to write.
[[nodiscard]] expected<Duration, std::string> parse_duration(std::string_view text);

} // namespace backstay::inline BACKSTAY_ABI::cli
