#pragma once

#include <backstay/core/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Encodes as base64 with padding (RFC 4648 section 4).
[[nodiscard]] inline std::string to_base64(std::string_view bytes) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::string_view group = bytes.substr(i, 3);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = bits << 8U | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text.push_back(k <= group.size() ? alphabet[bits >> (18U - 6U * k) & 0x3fU] : '=');
        }
    }
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI::cli
