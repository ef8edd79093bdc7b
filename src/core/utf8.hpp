#pragma once

#include <backstay/core/config.hpp>

#include <cstddef>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

/// How many bytes the UTF-8 sequence at the beginning has; 0 when it is none (RFC 3629 section 4).
[[nodiscard]] inline std::size_t utf8_length(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto continues = [&byte](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return text.empty() ? 0 : 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return continues(1) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        const bool overlong = first == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = first == 0xed && byte(1) > 0x9f;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    const bool in_range = (first != 0xf0 || byte(1) >= 0x90) && (first != 0xf4 || byte(1) <= 0x8f);
    return first >= 0xf0 && first <= 0xf4 && continues(1) && continues(2) && continues(3) && in_range ? 4 : 0;
}

[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

/// The beginning of a text, at most that many bytes: no character is cut in two.
[[nodiscard]] inline std::string_view utf8_prefix(std::string_view text, std::size_t most) noexcept {
    if (text.size() <= most) {
        return text;
    }
    std::size_t start = most; // of the character that stands across the end, if one does
    while (start > 0 && most - start < 3 && (static_cast<unsigned char>(text[start]) & 0xc0U) == 0x80U) {
        --start;
    }
    return text.substr(0, start + utf8_length(text.substr(start)) > most ? start : most);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
