#include <backstay/telemetry/trace_context.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr std::size_t length = 55; // 00-<32 digits>-<16 digits>-<2 digits>
constexpr std::string_view digits = "0123456789abcdef";

/// Reads two digits for each byte of `into`; false when there is another character.
bool read_hex(std::string_view text, std::span<std::uint8_t> into) noexcept {
    for (std::size_t i = 0; i < into.size(); ++i) {
        const std::size_t high = digits.find(text[2 * i]);
        const std::size_t low = digits.find(text[2 * i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            return false;
        }
        into[i] = static_cast<std::uint8_t>(high << 4U | low);
    }
    return true;
}

void write_hex(std::string& text, std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xfU];
    }
}

bool all_zero(std::span<const std::uint8_t> bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

void draw(std::span<std::uint8_t> id, Random& random) noexcept {
    do {
        for (std::size_t i = 0; i < id.size(); i += 8) {
            const std::uint64_t drawn = random.next();
            for (std::size_t byte = 0; byte < 8; ++byte) {
                id[i + byte] = static_cast<std::uint8_t>(drawn >> (8 * byte));
            }
        }
    } while (all_zero(id));
}

} // namespace

bool TraceContext::valid() const noexcept {
    return !all_zero(trace_id) && !all_zero(span_id);
}

std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept {
    if (text.size() < length || text[2] != '-' || text[35] != '-' || text[52] != '-') {
        return std::nullopt;
    }
    TraceContext context;
    std::array<std::uint8_t, 1> version{};
    std::array<std::uint8_t, 1> flags{};
    const bool good = read_hex(text, version) && read_hex(text.substr(3), context.trace_id) &&
                      read_hex(text.substr(36), context.span_id) && read_hex(text.substr(53), flags);
    if (!good || !context.valid() || version[0] == 0xff) {
        return std::nullopt;
    }
    if (text.size() > length && (version[0] == 0 || text[length] != '-')) {
        return std::nullopt;
    }
    context.sampled = (flags[0] & 1U) != 0;
    return context;
}

std::string to_traceparent(const TraceContext& context) {
    std::string text;
    text.reserve(length);
    text += "00-";
    write_hex(text, context.trace_id);
    text += '-';
    write_hex(text, context.span_id);
    text += context.sampled ? "-01" : "-00";
    return text;
}

std::string to_hex(const std::array<std::uint8_t, 16>& trace_id) {
    std::string text;
    write_hex(text, trace_id);
    return text;
}

std::string to_hex(const std::array<std::uint8_t, 8>& span_id) {
    std::string text;
    write_hex(text, span_id);
    return text;
}

TraceContext new_trace(Random& random) noexcept {
    TraceContext context;
    draw(context.trace_id, random);
    draw(context.span_id, random);
    return context;
}

TraceContext new_span(const TraceContext& parent, Random& random) noexcept {
    TraceContext context = parent;
    draw(context.span_id, random);
    return context;
}

} // namespace backstay::inline BACKSTAY_ABI
