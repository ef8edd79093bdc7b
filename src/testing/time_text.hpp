#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <string>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

[[nodiscard]] std::string to_http_date(WallTime at);             ///< `Mon, 15 Jan 2024 10:30:00 GMT`
[[nodiscard]] std::string to_iso_time(WallTime at);              ///< `2024-01-15T10:30:00Z`
[[nodiscard]] std::string to_iso_time_milliseconds(WallTime at); ///< `2024-01-15T10:30:00.250Z`

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
