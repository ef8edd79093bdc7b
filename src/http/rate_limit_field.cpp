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

/// Reads one `key=number` of either form.
void read(FieldQuota& into, std::string_view parameter, std::string_view remaining_key,
          std::string_view reset_key) noexcept {
    const std::string_view key = next_part(parameter, '=');
    if (key == remaining_key) {
        into.remaining = parse_digits(trim_blanks(parameter), 10);
    } else if (key == reset_key) {
        into.reset = parse_digits(trim_blanks(parameter), 10);
    }
}

/// The older form: its members are those of one quota.
bool is_older(std::string_view value) noexcept {
    const std::string_view key = next_part(value, '=');
    return key == "limit" || key == "remaining" || key == "reset";
}

} // namespace

FieldQuota next_quota(std::string_view& value) noexcept {
    FieldQuota quota;
    if (is_older(trim_blanks(value))) {
        while (!value.empty()) {
            std::string_view member = next_unquoted(value, ',');
            read(quota, next_unquoted(member, ';'), "remaining", "reset");
        }
        return quota;
    }
    std::string_view item = next_unquoted(value, ',');
    (void)next_unquoted(item, ';'); // the quota's name
    while (!item.empty()) {
        read(quota, next_unquoted(item, ';'), "r", "t");
    }
    return quota;
}

} // namespace backstay::inline BACKSTAY_ABI
