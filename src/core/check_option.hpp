#pragma once

#include <backstay/core/description.hpp>

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Throws `std::invalid_argument` unless `valid`: "RetryOptions.max_attempts is -1, allowed is 0 (no limit)
/// to 65534".
inline void check_option(bool valid, std::string_view field, std::string_view value,
                         std::string_view allowed) {
    if (!valid) {
        throw std::invalid_argument(
            std::string(field).append(" is ").append(value).append(", allowed is ").append(allowed));
    }
}

inline void check_option(bool valid, std::string_view field, Duration value, std::string_view allowed) {
    if (!valid) {
        check_option(valid, field, to_text(value), allowed);
    }
}

template <class Number>
    requires std::integral<Number> || std::floating_point<Number>
void check_option(bool valid, std::string_view field, Number value, std::string_view allowed) {
    if (!valid) {
        char text[32];
        const auto end = std::to_chars(text, text + sizeof text, value).ptr;
        check_option(valid, field, std::string_view(text, static_cast<std::size_t>(end - text)), allowed);
    }
}

} // namespace backstay::inline BACKSTAY_ABI
