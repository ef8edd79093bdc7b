#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/fields.hpp>
#include <backstay/http/https_transport.hpp>
#include <backstay/policy/backoff.hpp>

#include <charconv>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Reads a decimal whole number of at least `least`.
template <std::integral Number>
[[nodiscard]] expected<Number, std::string> parse_number(std::string_view text,
                                                         Number least = std::numeric_limits<Number>::min()) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least) {
        return fail('"' + std::string(text) + "\" is not a whole number from " + std::to_string(least) +
                    " to " + std::to_string(std::numeric_limits<Number>::max()));
    }
    return value;
}

/// Gives the text itself: an empty one is a variable that the shell did not have, never what was meant.
[[nodiscard]] expected<std::string, std::string> not_empty(const std::string& text);

/// Reads `Name: value`.
[[nodiscard]] expected<Field, std::string> parse_header(std::string_view text);

/// Reads `HOST:PORT:ADDRESS`; IPv6 addresses may stand in brackets.
[[nodiscard]] expected<ResolveOverride, std::string> parse_resolve(std::string_view text);

/// Reads the name of a jitter as `to_string(Jitter)` writes it.
[[nodiscard]] expected<Jitter, std::string> parse_jitter(std::string_view name);

/// Gives the text itself, or after `@` what the file holds.
[[nodiscard]] expected<std::string, std::string> text_or_file(const std::string& text);

} // namespace backstay::inline BACKSTAY_ABI::cli
