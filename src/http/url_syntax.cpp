#include "http/url_syntax.hpp"

#include "http/describe_byte.hpp"
#include "http/field_syntax.hpp"

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr bool is_unreserved(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

constexpr bool may_stand_in_url(char c) noexcept {
    return is_unreserved(c) || std::string_view(":/?#[]@!$&'()*+,;=%").find(c) != std::string_view::npos;
}

/// Decodes what some servers decode before they part a path into segments: dots and both slashes.
std::string with_plain_dots_and_slashes(std::string_view path) {
    std::string plain;
    while (!path.empty()) {
        const std::string escape = lower_case(path.substr(0, 3));
        const char decoded = escape == "%2e" ? '.' : escape == "%2f" || escape == "%5c" ? '/' : '\0';
        plain += decoded != '\0' ? decoded : path.front();
        path.remove_prefix(decoded != '\0' ? 3 : 1);
    }
    return plain;
}

} // namespace

std::optional<std::string> url_byte_fault(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto where = [&] { return " at position " + std::to_string(i + 1); };
        if (!may_stand_in_url(text[i])) {
            return "the URL has " + describe_byte(text[i]) + where() + ": percent-encode it";
        }
        if (text[i] == '%' &&
            (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)) {
            return "the URL has a `%` without two hexadecimal digits" + where();
        }
    }
    return std::nullopt;
}

bool has_dot_segment(std::string_view path) {
    const std::string plain = with_plain_dots_and_slashes(path);
    std::string_view rest = plain;
    while (!rest.empty()) {
        if (const std::string_view segment = next_part(rest, '/'); segment == "." || segment == "..") {
            return true;
        }
    }
    return false;
}

std::string without_dot_segments(std::string_view path) {
    std::string clean;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(0, end);
        path.remove_prefix(end);
        if (segment == "/..") {
            clean.erase(std::min(clean.rfind('/'), clean.size()));
        } else if (segment != "/.") {
            clean += segment;
            continue;
        }
        if (path.empty()) {
            clean += '/';
        }
    }
    return clean;
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_unreserved(c)) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += digits[byte >> 4U];
            encoded += digits[byte & 0xfU];
        }
    }
    return encoded;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
    return lower;
}

} // namespace backstay::inline BACKSTAY_ABI
