#pragma once

#include <backstay/core/config.hpp>

#include <cstdint>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Whether a call that failed may have had its effect all the same.
enum class Certainty : std::uint8_t {
    not_sent, ///< no byte of any attempt can have been processed
    refused,  ///< a policy here or the server (429, 503 with a wait) turned it away before working on it
    unknown,  ///< it may have happened: an attempt was sent and nothing definite came back
    answered, ///< the server worked on it and said how it went
};

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(Certainty certainty) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
