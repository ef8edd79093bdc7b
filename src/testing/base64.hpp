#pragma once

#include <backstay/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
inline constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
} // namespace detail

/// Encodes as base64 with padding (RFC 4648 section 4).
[[nodiscard]] inline std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::string_view group = bytes.substr(i, 3);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = bits << 8U | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text.push_back(k <= group.size() ? detail::base64_alphabet[bits >> (18U - 6U * k) & 0x3fU] : '=');
        }
    }
    return text;
}

/// Decodes it; nullopt for anything else.
[[nodiscard]] inline std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) {
        text.remove_suffix(1);
    }
    std::string bytes;
    unsigned buffer = 0;
    unsigned bits = 0;
    for (const char character : text) {
        const std::size_t digit = detail::base64_alphabet.find(character);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        buffer = buffer << 6U | static_cast<unsigned>(digit);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<char>(buffer >> bits & 0xffU));
        }
    }
    return bytes;
}

} // namespace backstay::inline BACKSTAY_ABI
