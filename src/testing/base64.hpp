#pragma once

#include <backstay/core/config.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// Decodes base64 with padding (RFC 4648 section 4); nullopt for anything else.
[[nodiscard]] inline std::optional<std::string> decode_base64(std::string_view text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
        text.remove_suffix(1);
    }
    std::string bytes;
    unsigned buffer = 0;
    int bits = 0;
    for (const char character : text) {
        const std::size_t digit = alphabet.find(character);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        buffer = (buffer << 6U) | static_cast<unsigned>(digit);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<char>((buffer >> static_cast<unsigned>(bits)) & 0xffU));
        }
    }
    return bytes;
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
