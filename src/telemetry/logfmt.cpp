#include "telemetry/logfmt.hpp"

#include <backstay/core/description.hpp>

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

/// Needs no quotes: visible, and nothing that means something to a reader of such lines.
bool plain(char c) noexcept {
    return c > 0x20 && c < 0x7f && c != '"' && c != '=' && c != '\\';
}

void append_escaped(std::string& text, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
    case '"':
    case '\\':
        text += '\\';
        text += c;
        break;
    case '\n':
        text += "\\n";
        break;
    case '\r':
        text += "\\r";
        break;
    case '\t':
        text += "\\t";
        break;
    default:
        if (byte >= 0x20 && byte < 0x7f) {
            text += c;
        } else {
            text.append("\\x").append(1, digits[byte >> 4U]).append(1, digits[byte & 0xfU]);
        }
    }
}

} // namespace

LogfmtLine& LogfmtLine::field(std::string_view name, std::string_view value, std::size_t longest) {
    if (value.empty()) {
        return *this;
    }
    text_.append(text_.empty() ? "" : " ").append(name).append("=");
    const std::string_view kept = value.substr(0, longest);
    const std::string_view rest = kept.size() < value.size() ? "..." : "";
    if (std::all_of(kept.begin(), kept.end(), plain)) {
        text_.append(kept).append(rest);
        return *this;
    }
    text_ += '"';
    for (const char c : kept) {
        append_escaped(text_, c);
    }
    text_.append(rest).append("\"");
    return *this;
}

LogfmtLine& LogfmtLine::field(std::string_view name, std::uint64_t value) {
    return field(name, std::to_string(value));
}

LogfmtLine& LogfmtLine::field(std::string_view name, Duration value) {
    if (value == Duration::zero()) {
        return *this;
    }
    std::string text = to_text(value);
    std::erase(text, ' ');
    return field(name, text);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
