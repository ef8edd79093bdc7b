#pragma once

#include "cli/arguments.hpp"

#include <backstay/api/api_client_options.hpp>
#include <backstay/api/body.hpp>
#include <backstay/api/call_options.hpp>
#include <backstay/core/expected.hpp>

#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::cli {

/// What the calls of one run have in common.
struct CallPlan {
    std::string method{};
    std::string url{};
    std::string shown_url{}; ///< without query values
    std::string target{};    ///< path and query, under the client's base URL
    Body body{};
    ApiClientOptions client{};
    CallOptions call{};
    int most_attempts = 1; ///< 0: without limit
};

/// Makes the library's options of the command's arguments.
/// Errors: one sentence that names the flag and says what is allowed.
[[nodiscard]] expected<CallPlan, std::string> plan_call(const CallArguments& arguments);

/// Says in the command's words what the library found wrong with an option: its flag in place of the field.
[[nodiscard]] std::string in_terms_of_flags(std::string_view complaint);

} // namespace backstay::inline BACKSTAY_ABI::cli
