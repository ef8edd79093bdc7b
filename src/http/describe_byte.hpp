#pragma once

#include <backstay/core/config.hpp>

#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Names a byte that was refused, so that a log line can show it.
[[nodiscard]] inline std::string describe_byte(char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
    case '\n':
        return "an LF";
    case '\r':
        return "a CR";
    case ' ':
        return "a space";
    default:
        break;
    }
    if (byte > 0x20 && byte < 0x7f) {
        return std::string("the character `") + c + '`';
    }
    return std::string("the byte 0x") + digits[byte >> 4U] + digits[byte & 0xfU];
}

} // namespace backstay::inline BACKSTAY_ABI
