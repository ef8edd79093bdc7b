#pragma once

#include "core/utf8.hpp"

#include <backstay/core/config.hpp>

#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Whether a UTF-8 sequence could end a line, steer a terminal or show text in another order than it has:
/// control characters (C0, DEL, C1), line separators and the marks and overrides of direction.
[[nodiscard]] inline bool is_steering(std::string_view sequence) noexcept {
    const auto byte = [sequence](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
    switch (sequence.size()) {
    case 1:
        return byte(0) < 0x20 || byte(0) == 0x7f;
    case 2: // U+0080 to U+009F, U+061C
        return (byte(0) == 0xc2 && byte(1) < 0xa0) || sequence == "\xd8\x9c";
    case 3: // U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069
        return byte(0) == 0xe2 && ((byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f)) ||
                                   (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||
                                   (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9));
    default:
        return false;
    }
}

/// Writes words that somebody else chose as a person may be shown them: what is steering becomes a space, a
/// byte that is no UTF-8 a question mark.
[[nodiscard]] inline std::string printable(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view sequence = text.substr(0, length);
        if (length == 0) {
            clean += '?';
        } else if (is_steering(sequence)) {
            clean += ' ';
        } else {
            clean += sequence;
        }
        text.remove_prefix(length > 0 ? length : 1);
    }
    return clean;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
