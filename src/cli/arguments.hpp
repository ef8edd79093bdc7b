#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/fields.hpp>
#include <backstay/http/https_transport.hpp>
#include <backstay/policy/backoff.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::cli {

/// What `backstay call` was told; nullopt leaves it to the library's default.
struct CallArguments {
    std::string url{};
    std::string method{}; ///< empty: GET, or POST when there is a body
    std::vector<Field> headers{};
    std::optional<std::string> body{};
    std::string ca_file{};
    std::vector<ResolveOverride> resolve_overrides{};
    std::string bearer_variable{}; ///< an environment variable that holds the token; empty: none
    std::string idempotency_key{};
    std::optional<std::size_t> max_body{};

    std::optional<int> max_attempts{};
    bool no_retry = false;
    bool retry_unsafe = false;
    bool no_budget = false;
    bool no_breaker = false;
    std::optional<Duration> base_delay{};
    std::optional<Duration> max_delay{};
    std::optional<Jitter> jitter{};
    std::optional<Duration> max_server_wait{};
    std::optional<Duration> connect_timeout{};
    std::optional<Duration> attempt_timeout{};
    std::optional<Duration> total_timeout{};

    int repeat = 1;
    int concurrency = 1;
    std::optional<std::uint64_t> seed{};
    bool raw = false;
    bool json = false;
    bool verbose = false;
};

struct ServeArguments {
    std::uint16_t port = 0; ///< 0: any free one
    std::string script_file{};
    std::string log_file{};
};

struct ExplainArguments {
    std::string preset = "standard";
};

/// Text that was asked for in place of work: help, version.
struct Text {
    std::string text{};
};

using Invocation = std::variant<CallArguments, ServeArguments, ExplainArguments, Text>;

} // namespace backstay::inline BACKSTAY_ABI::cli
