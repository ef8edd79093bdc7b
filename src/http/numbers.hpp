#pragma once

#include "http/field_syntax.hpp"

#include <backstay/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Reads a number that consists of 1 to `most` decimal digits and nothing else: no sign, blank, fraction or
/// prefix. Precondition: `most` is at most 19, so that it cannot overflow.
[[nodiscard]] constexpr std::optional<std::uint64_t> parse_digits(std::string_view text,
                                                                  std::size_t most) noexcept {
    if (text.empty() || text.size() > most) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    for (const char c : text) {
        if (!is_digit(c)) {
            return std::nullopt;
        }
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return number;
}

} // namespace backstay::inline BACKSTAY_ABI
