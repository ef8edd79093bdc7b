#include <backstay/http/server_wait.hpp>

#include "http/numbers.hpp"
#include "http/rate_limit_field.hpp"

#include <backstay/core/failure.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr std::size_t most_digits = 10;

/// A number of seconds from here on is a point in time (2024-01-01), below it a wait.
constexpr std::uint64_t first_epoch = 1'704'067'200;

/// Ten digits of seconds are more than the clock can count.
Duration to_wait(std::int64_t seconds) noexcept {
    constexpr std::int64_t most = std::chrono::floor<std::chrono::seconds>(Duration::max()).count();
    return seconds > most ? Duration::max() : std::chrono::seconds(std::max<std::int64_t>(seconds, 0));
}

/// From one wall time to a later one, never too short: the fraction of `now` is not subtracted.
Duration wait_until(WallTime at, WallTime now) noexcept {
    const auto begin = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
    const auto end = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch();
    return to_wait((end - begin).count());
}

/// What a server's dates are compared with: its own clock where it shows it.
WallTime server_now(const Fields& fields, WallTime wall_now) noexcept {
    const std::string* date = fields.find("Date");
    return date == nullptr ? wall_now : parse_http_date(trim_blanks(*date), wall_now).value_or(wall_now);
}

/// A quota of which something is left is no reason to wait: some servers send its reset with every reply.
bool has_quota_left(const Fields& fields, const char* remaining_name) noexcept {
    const std::string* remaining = fields.find(remaining_name);
    return remaining != nullptr && parse_digits(trim_blanks(*remaining), most_digits).value_or(0) > 0;
}

struct LimitField {
    const char* name;
    const char* remaining;
};

constexpr std::array<LimitField, 4> limit_fields = {
    LimitField{"RateLimit-Reset", "RateLimit-Remaining"},
    LimitField{"X-RateLimit-Retry-After", ""}, // says by itself that there is a wait
    LimitField{"X-RateLimit-Reset", "X-RateLimit-Remaining"},
    LimitField{"X-Rate-Limit-Reset", "X-Rate-Limit-Remaining"},
};

} // namespace

std::optional<ServerWait> retry_after(const Fields& fields, WallTime wall_now) {
    for (const Field& field : fields) {
        if (!same_field_name(field.name, "Retry-After")) {
            continue;
        }
        const std::string_view value = trim_blanks(field.value);
        if (const auto seconds = parse_digits(value, most_digits)) {
            return ServerWait{to_wait(static_cast<std::int64_t>(*seconds)), Failure::hint_from_header};
        }
        if (const auto at = parse_http_date(value, wall_now)) {
            return ServerWait{wait_until(*at, server_now(fields, wall_now)), Failure::hint_from_header};
        }
    }
    return std::nullopt;
}

std::optional<ServerWait> rate_limit_wait(const Fields& fields, WallTime wall_now, bool limited) {
    std::optional<std::uint64_t> longest;
    for (const Field& field : fields) {
        if (limited && same_field_name(field.name, "RateLimit")) {
            longest = std::max(longest, rate_limit_seconds(field.value));
        }
    }
    if (longest) {
        return ServerWait{to_wait(static_cast<std::int64_t>(*longest)), Failure::hint_from_limits};
    }
    for (const LimitField& limit : limit_fields) {
        const std::string* value = fields.find(limit.name);
        const auto number = value == nullptr ? std::nullopt : parse_digits(trim_blanks(*value), most_digits);
        const bool says_by_itself = *limit.remaining == '\0';
        if (!number || (!limited && !says_by_itself) || has_quota_left(fields, limit.remaining)) {
            continue;
        }
        auto seconds = static_cast<std::int64_t>(*number);
        if (*number >= first_epoch) {
            const auto now = std::chrono::floor<std::chrono::seconds>(server_now(fields, wall_now));
            seconds -= now.time_since_epoch().count();
        }
        return ServerWait{to_wait(seconds), Failure::hint_from_limits};
    }
    return std::nullopt;
}

std::optional<ServerWait> body_wait(double seconds) noexcept {
    constexpr double most = 9'999'999'999.0; // as in a field: ten digits
    if (!(seconds >= 0.0 && seconds <= most)) {
        return std::nullopt;
    }
    return ServerWait{to_wait(static_cast<std::int64_t>(std::ceil(seconds))), Failure::hint_from_body};
}

std::optional<ServerWait> body_wait(std::string_view seconds) noexcept {
    double number = 0;
    const std::string_view text = trim_blanks(seconds);
    const char* end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    return error == std::errc{} && parsed == end ? body_wait(number) : std::nullopt;
}

} // namespace backstay::inline BACKSTAY_ABI
