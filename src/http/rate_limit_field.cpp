#include "http/rate_limit_field.hpp"

#include "http/numbers.hpp"

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// Takes the part before the first `separator` outside a quoted string off the front of `rest`, trimmed.
std::string_view next_unquoted(std::string_view& rest, char separator) noexcept {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size() && (quoted || rest[end] != separator); ++end) {
        if (quoted && rest[end] == '\\' && end + 1 < rest.size()) {
            ++end;
        } else if (rest[end] == '"') {
            quoted = !quoted;
        }
    }
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return trim_blanks(part);
}

/// What one `key=number` of either form says.
struct Quota {
    std::optional<std::uint64_t> remaining{};
    std::optional<std::uint64_t> reset{};

    void read(std::string_view parameter, std::string_view remaining_key,
              std::string_view reset_key) noexcept {
        const std::string_view key = next_part(parameter, '=');
        if (key == remaining_key) {
            remaining = parse_digits(trim_blanks(parameter), 10);
        } else if (key == reset_key) {
            reset = parse_digits(trim_blanks(parameter), 10);
        }
    }

    [[nodiscard]] std::optional<std::uint64_t> wait() const noexcept {
        return remaining == std::uint64_t{0} ? reset : std::nullopt;
    }
};

} // namespace

std::optional<std::uint64_t> rate_limit_seconds(std::string_view value) noexcept {
    std::optional<std::uint64_t> longest;
    Quota older;
    while (!value.empty()) {
        std::string_view item = next_unquoted(value, ',');
        older.read(next_unquoted(item, ';'), "remaining", "reset");
        Quota quota;
        while (!item.empty()) {
            quota.read(next_unquoted(item, ';'), "r", "t");
        }
        longest = std::max(longest, quota.wait());
    }
    return std::max(longest, older.wait());
}

} // namespace backstay::inline BACKSTAY_ABI
