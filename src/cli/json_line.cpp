#include "cli/json_line.hpp"

#include "core/utf8.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cmath>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

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
    return detail::is_utf8(text) ? boost::json::serialize(boost::json::string_view(text.data(), text.size()))
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
