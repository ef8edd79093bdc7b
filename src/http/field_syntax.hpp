#pragma once

#include <backstay/core/config.hpp>

#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

// The characters of RFC 9110 section 5.6, without a locale.

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The hexadecimal digit's value, or -1.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
    const char lower = to_lower(c);
    return is_digit(c) ? c - '0' : (lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1);
}

[[nodiscard]] constexpr bool is_token_char(char c) noexcept {
    return is_letter(c) || is_digit(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Control bytes, DEL included, but not tab: what no field value may hold.
[[nodiscard]] constexpr bool is_control(char c) noexcept {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

[[nodiscard]] constexpr std::string_view trim_blanks(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes the part before the first `separator` off the front of `rest`, trimmed.
[[nodiscard]] constexpr std::string_view next_part(std::string_view& rest, char separator) noexcept {
    const std::size_t end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return trim_blanks(part);
}

} // namespace backstay::inline BACKSTAY_ABI
