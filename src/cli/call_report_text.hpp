#pragma once

#include "cli/call_report.hpp"

#include <string>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Gives what a person wants of a success: the data as JSON with a line's end, or the body as it came;
/// nothing when there is none.
[[nodiscard]] std::string result_text(const CallReport& report);

/// Tells what went wrong, in lines: the server's words, what is known of the call's effect, what to do.
[[nodiscard]] std::string error_text(const ApiError& error);

/// Tells how the call went beyond its result: status and headers, secrets left out.
[[nodiscard]] std::string verbose_text(const CallReport& report);

} // namespace backstay::inline BACKSTAY_ABI::cli
