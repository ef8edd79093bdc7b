#include <backstay/http/server_wait.hpp>

#include "http/numbers.hpp"
#include "http/rate_limit_field.hpp"

#include <backstay/core/failure.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
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

/// The number of seconds, or the point in time, that a reset names.
Duration reset_wait(std::uint64_t reset, const Fields& fields, WallTime wall_now) noexcept {
    auto seconds = static_cast<std::int64_t>(reset);
    if (reset >= first_epoch) {
        const auto now = std::chrono::floor<std::chrono::seconds>(server_now(fields, wall_now));
        seconds -= now.time_since_epoch().count();
    }
    return to_wait(seconds);
}

std::optional<std::uint64_t> number_in(const Fields& fields, const char* name) noexcept {
    const std::string* value = fields.find(name);
    return value == nullptr ? std::nullopt : parse_digits(trim_blanks(*value), most_digits);
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

/// Most replies say nothing of a limit: one look at each name tells.
bool may_tell_of_limit(const Field& field) noexcept {
    const std::string_view name = field.name;
    return same_field_name(name.substr(0, 9), "RateLimit") || same_field_name(name.substr(0, 6), "X-Rate");
}

/// Orders quotas: a spent one first, else the one that asks for the greater distance between calls.
bool is_tighter(const ServerQuota& a, const ServerQuota& b) noexcept {
    const auto spacing = [](const ServerQuota& quota) {
        constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max());
        return quota.resets_in /
               static_cast<Duration::rep>(std::clamp<std::uint64_t>(quota.remaining, 1, most));
    };
    const bool a_spent = a.remaining == 0;
    const bool b_spent = b.remaining == 0;
    return a_spent != b_spent ? a_spent : spacing(a) > spacing(b);
}

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
        if (!limited || !same_field_name(field.name, "RateLimit")) {
            continue;
        }
        for (std::string_view value = field.value; !value.empty();) {
            const FieldQuota quota = next_quota(value);
            longest = std::max(longest, quota.spent() ? quota.reset : std::nullopt);
        }
    }
    if (longest) {
        return ServerWait{to_wait(static_cast<std::int64_t>(*longest)), Failure::hint_from_limits};
    }
    for (const LimitField& limit : limit_fields) {
        const auto reset = number_in(fields, limit.name);
        const bool says_by_itself = *limit.remaining == '\0';
        // a quota of which something is left is no reason to wait: some servers send its reset with every
        // reply
        if (reset && (limited || says_by_itself) && number_in(fields, limit.remaining).value_or(0) == 0) {
            return ServerWait{reset_wait(*reset, fields, wall_now), Failure::hint_from_limits};
        }
    }
    return std::nullopt;
}

ServerQuota rate_limit_quota(const Fields& fields, WallTime wall_now) {
    ServerQuota tightest;
    if (std::none_of(fields.begin(), fields.end(), may_tell_of_limit)) {
        return tightest;
    }
    const auto add = [&](std::optional<std::uint64_t> remaining, Duration resets_in) {
        const ServerQuota quota{.remaining = remaining.value_or(0), .resets_in = resets_in};
        if (remaining && quota.told() && (!tightest.told() || is_tighter(quota, tightest))) {
            tightest = quota;
        }
    };
    for (const Field& field : fields) {
        if (!same_field_name(field.name, "RateLimit")) {
            continue;
        }
        for (std::string_view value = field.value; !value.empty();) {
            const FieldQuota quota = next_quota(value);
            add(quota.remaining, to_wait(static_cast<std::int64_t>(quota.reset.value_or(0))));
        }
    }
    for (const LimitField& limit : limit_fields) {
        const auto reset = number_in(fields, limit.name);
        add(number_in(fields, limit.remaining), reset ? reset_wait(*reset, fields, wall_now) : Duration(0));
    }
    return tightest;
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
