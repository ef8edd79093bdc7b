#include <backstay/policy/detail/keyed_table.hpp>

#include "core/printable.hpp"

#include <array>
#include <cstdio>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

/// What is steering, and bytes that are no UTF-8, are written as `\x1b`, so that no two keys read alike.
void append_escaped(std::string& written, std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view sequence = text.substr(0, length > 0 ? length : 1);
        if (length > 0 && !is_steering(sequence)) {
            written += sequence;
        } else {
            for (const char byte : sequence) {
                std::array<char, 8> escape{};
                (void)std::snprintf(escape.data(), escape.size(), "\\x%02x",
                                    static_cast<unsigned char>(byte));
                written += escape.data();
            }
        }
        text.remove_prefix(sequence.size());
    }
}

} // namespace

std::string OwnedKey::text() const {
    std::string written;
    append_escaped(written, origin);
    const auto add = [&written](std::string_view name, std::string_view part) {
        if (!part.empty()) {
            written.append(written.empty() ? "" : " ").append(name);
            append_escaped(written, part);
        }
    };
    add("credential=", credential);
    add("partition=", partition);
    add("operation=", operation);
    return written;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
