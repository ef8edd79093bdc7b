#pragma once

#include "cli/arguments.hpp"

#include <backstay/core/expected.hpp>

#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Reads the arguments that follow the program's name. A body given as `@FILE` is read from the file.
/// Errors: one sentence that names the flag and says what is allowed.
[[nodiscard]] expected<Invocation, std::string> parse_command_line(std::vector<std::string> arguments);

} // namespace backstay::inline BACKSTAY_ABI::cli
