#pragma once

#include "cli/call_report.hpp"

#include <string>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Writes a report as one line of JSON, without the line's end. Schema 1: names are never renamed or removed,
/// only added; what does not apply is null. Header names are in lower case; an error's `details` is a list of
/// `{"field","message"}` where the server's can be read as one, else what the server sent.
[[nodiscard]] std::string to_json_line(const CallReport& report);

} // namespace backstay::inline BACKSTAY_ABI::cli
