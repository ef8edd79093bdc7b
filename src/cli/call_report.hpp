#pragma once

#include <backstay/api/api_error.hpp>
#include <backstay/api/reply.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/core/time.hpp>

#include <boost/json/value.hpp>

#include <optional>
#include <string>

namespace backstay::inline BACKSTAY_ABI::cli {

/// How one call went.
struct CallReport {
    int index = 0; ///< of the call in its run, from 0
    std::string method{};
    std::string url{};
    Duration elapsed{0};
    bool raw = false; ///< the body was asked for as it came
    expected<Reply<boost::json::value>, ApiError> result{};
    std::optional<std::string> body{}; ///< when `raw`, and a reply came
};

} // namespace backstay::inline BACKSTAY_ABI::cli
