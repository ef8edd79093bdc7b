#pragma once

#include <backstay/api/api_error.hpp>
#include <backstay/api/codec.hpp>
#include <backstay/core/config.hpp>
#include <backstay/http/server_wait.hpp>

#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What a failing reply's body says.
struct ErrorBody {
    std::string code{};
    std::string description{};
    std::vector<FieldError> details{};
    std::string details_json{};
    std::string request_id{};
    std::optional<ServerWait> wait{};
};

/// Reads it. A body that is no JSON object (a proxy's HTML), or longer than 256 KiB, says nothing. Of a list
/// of complaints the first 100 are read, of each text the first kilobyte.
[[nodiscard]] ErrorBody read_error_body(std::string_view body, const Codec& codec);

/// Refines what a failing reply means to policies: the wait that the server names, a conflict with an attempt
/// that is still running. `body` is what its body says.
[[nodiscard]] Failure refined(const Response& response, const ErrorBody& body, WallTime wall_now,
                              bool in_progress);

} // namespace backstay::inline BACKSTAY_ABI::detail
