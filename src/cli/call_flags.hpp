#pragma once

#include "cli/arguments.hpp"

namespace CLI { // NOLINT(readability-identifier-naming): its own name
class App;
}

namespace backstay::inline BACKSTAY_ABI::cli {

/// Declares what `backstay call` understands; parsing writes into `arguments`, which outlives the app.
void add_call_flags(CLI::App& app, CallArguments& arguments);

} // namespace backstay::inline BACKSTAY_ABI::cli
