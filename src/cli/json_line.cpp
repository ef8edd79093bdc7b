#include "cli/json_line.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cmath>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

/// How many bytes the UTF-8 sequence at the beginning has; 0 when it is none (RFC 3629 section 4).
std::size_t sequence_length(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto continues = [&byte](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
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

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string from_latin1(std::string_view text) {
    std::string utf8;
    for (const char character : text) {
        const auto code = static_cast<unsigned char>(character);
        if (code < 0x80) {
            utf8.push_back(character);
        } else {
            utf8.push_back(static_cast<char>(0xc0U | code >> 6U));
            utf8.push_back(static_cast<char>(0x80U | (code & 0x3fU)));
        }
    }
    return utf8;
}

std::string to_thousandths(double number) {
    return fmt::format("{}", std::round(number * 1000) / 1000);
}

} // namespace

std::string json_text(std::string_view text) {
    return is_utf8(text) ? boost::json::serialize(boost::json::string_view(text.data(), text.size()))
                         : json_text(from_latin1(text));
}

std::string json_text_or_null(std::string_view text) {
    return text.empty() ? "null" : json_text(text);
}

std::string json_milliseconds(Duration duration) {
    return to_thousandths(std::chrono::duration<double, std::milli>(duration).count());
}

std::string json_seconds(std::optional<Duration> duration) {
    return duration ? to_thousandths(std::chrono::duration<double>(*duration).count()) : "null";
}

} // namespace backstay::inline BACKSTAY_ABI::cli
