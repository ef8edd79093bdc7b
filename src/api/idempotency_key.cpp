#include <backstay/api/idempotency_key.hpp>

#include <array>
#include <cstddef>
#include <unistd.h>

namespace backstay::inline BACKSTAY_ABI {

std::optional<std::string> random_uuid() {
    std::array<unsigned char, 16> bytes{};
    if (::getentropy(bytes.data(), bytes.size()) != 0) {
        return std::nullopt;
    }
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U); // version 4
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U); // variant of RFC 9562
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        text += digits[bytes[i] >> 4U];
        text += digits[bytes[i] & 0x0fU];
    }
    return text;
}

std::optional<std::string> quoted_key(std::string_view key) {
    if (key.empty()) {
        return std::nullopt;
    }
    std::string text{'"'};
    for (const char c : key) {
        if (c < 0x20 || c > 0x7e) {
            return std::nullopt;
        }
        if (c == '"' || c == '\\') {
            text += '\\';
        }
        text += c;
    }
    text += '"';
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI
