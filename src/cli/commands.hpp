#pragma once

#include "cli/arguments.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Each runs one command to its end and returns the exit status; see `exit_status.hpp`.
[[nodiscard]] int run_call(const CallArguments& arguments, std::ostream& out, std::ostream& err);
[[nodiscard]] int run_serve(const ServeArguments& arguments, std::ostream& out, std::ostream& err);
[[nodiscard]] int run_explain(const ExplainArguments& arguments, std::ostream& out, std::ostream& err);

/// Runs what the program's arguments say.
[[nodiscard]] int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

/// Writes what was wrong with the arguments; returns the exit status for that.
int usage_error(std::ostream& err, const std::string& what);

/// Writes a command's only text; returns the exit status, which says whether it could be written.
int print(const std::string& text, std::ostream& out, std::ostream& err);

} // namespace backstay::inline BACKSTAY_ABI::cli
