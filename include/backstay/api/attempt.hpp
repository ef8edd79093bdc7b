#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// What one attempt of a call was: a line of its history.
struct Attempt {
    int number = 0;                        ///< 1 for the first
    FailureKind kind = FailureKind::none;  ///< `none` for a success
    int status = 0;                        ///< 0 when no reply came
    Reach reach = Reach::answered;         ///< how far the request came
    Duration waited{0};                    ///< before it: since an attempt last ended, or the call began
    Duration duration{0};                  ///< from its first step to its outcome
    std::string request_id{};              ///< from the body, else the reply's header
    std::optional<Duration> retry_after{}; ///< the wait that the server named
    std::string_view hint_source{};        ///< `header`, `body`, `rate_limit`, or empty
    bool reused = false;                   ///< over a connection that had carried an exchange before
    bool shared = false;                   ///< its exchange served other calls too
    int redirects = 0;                     ///< that were followed in it
    std::string final_url{};               ///< where they led, query values as `***`; empty without one
    std::string remote{};                  ///< `127.0.0.1:8443`; empty when no connection was made
};

} // namespace backstay::inline BACKSTAY_ABI
