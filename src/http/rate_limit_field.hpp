#pragma once

#include <backstay/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Reads the seconds to wait from a RateLimit field's value: of the list of the current draft
/// (`"burst";r=0;t=1, "daily";r=0;t=3600`) the longest `t` among the quotas that are used up, of the older
/// form (`limit=100, remaining=0, reset=30`) the reset. nullopt when something is left, or nothing is said.
/// Source: draft-ietf-httpapi-ratelimit-headers; the lists are those of RFC 9651.
[[nodiscard]] std::optional<std::uint64_t> rate_limit_seconds(std::string_view value) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
