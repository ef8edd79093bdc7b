#pragma once

#include <backstay/api/api_error.hpp>
#include <backstay/core/config.hpp>

#include <optional>
#include <string>

namespace backstay::inline BACKSTAY_ABI::cli {

/// The body's `details` as they came, in JSON, when `error.details()` do not tell all of them: some could not
/// be read as complaints, or there were too many.
[[nodiscard]] std::optional<std::string> raw_details(const ApiError& error);

} // namespace backstay::inline BACKSTAY_ABI::cli
