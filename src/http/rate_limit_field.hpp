#pragma once

#include <backstay/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// What one quota of a RateLimit field says.
struct FieldQuota {
    std::optional<std::uint64_t> remaining{}; ///< requests
    std::optional<std::uint64_t> reset{};     ///< seconds

    [[nodiscard]] bool spent() const noexcept { return remaining == std::uint64_t{0}; }
};

/// Takes the next quota off the front of a RateLimit field's value: an item of the current draft's list
/// (`"burst";r=0;t=1, "daily";r=0;t=3600`), or the whole of the older form (`limit=100, remaining=0,
/// reset=30`). What does not parse is left out.
/// Source: draft-ietf-httpapi-ratelimit-headers; the lists are those of RFC 9651.
[[nodiscard]] FieldQuota next_quota(std::string_view& value) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
