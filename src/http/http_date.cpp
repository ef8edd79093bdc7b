#include <backstay/http/server_wait.hpp>

#include "http/numbers.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace backstay::inline BACKSTAY_ABI {

namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                      "Friday", "Saturday", "Sunday"};

/// Takes the date's parts off the front, one after the other; once one is not there, all fail.
class Cursor {
public:
    explicit Cursor(std::string_view text) noexcept : rest_(text) {}

    bool literal(std::string_view expected_text) noexcept {
        const bool found = good_ && rest_.substr(0, expected_text.size()) == expected_text;
        advance(found, expected_text.size());
        return found;
    }

    unsigned digits(std::size_t count) noexcept {
        const auto number = parse_digits(rest_.substr(0, count), count);
        advance(number.has_value() && rest_.size() >= count, count);
        return good_ ? static_cast<unsigned>(*number) : 0;
    }

    std::chrono::month month() noexcept {
        const auto* found = std::find(months.begin(), months.end(), rest_.substr(0, 3));
        advance(found != months.end(), 3);
        return std::chrono::month(static_cast<unsigned>(found - months.begin()) + 1);
    }

    std::chrono::seconds time_of_day() noexcept {
        const unsigned hour = digits(2);
        literal(":");
        const unsigned minute = digits(2);
        literal(":");
        const unsigned second = digits(2);
        good_ = good_ && hour < 24 && minute < 60 && second <= 60; // 60 is a leap second
        return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
    }

    [[nodiscard]] char peek() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
    [[nodiscard]] bool ended() const noexcept { return good_ && rest_.empty(); }

private:
    void advance(bool found, std::size_t count) noexcept {
        good_ = good_ && found;
        rest_.remove_prefix(good_ ? count : 0);
    }

    std::string_view rest_;
    bool good_ = true;
};

struct DateParts {
    std::chrono::year_month_day day{};
    std::chrono::seconds time{};
    bool short_year = false;
};

/// `06 Nov 1994 08:49:37 GMT`
DateParts imf_fixdate(Cursor& at) noexcept {
    const std::chrono::day day(at.digits(2));
    at.literal(" ");
    const auto month = at.month();
    at.literal(" ");
    const std::chrono::year year(static_cast<int>(at.digits(4)));
    at.literal(" ");
    const auto time = at.time_of_day();
    at.literal(" GMT");
    return {year / month / day, time, false};
}

/// `06-Nov-94 08:49:37 GMT`
DateParts rfc_850(Cursor& at) noexcept {
    const std::chrono::day day(at.digits(2));
    at.literal("-");
    const auto month = at.month();
    at.literal("-");
    const std::chrono::year year(static_cast<int>(at.digits(2)));
    at.literal(" ");
    const auto time = at.time_of_day();
    at.literal(" GMT");
    return {year / month / day, time, true};
}

/// `Nov  6 08:49:37 1994`
DateParts asctime(Cursor& at) noexcept {
    const auto month = at.month();
    at.literal(" ");
    const std::chrono::day day(at.peek() == ' ' ? (at.literal(" "), at.digits(1)) : at.digits(2));
    at.literal(" ");
    const auto time = at.time_of_day();
    at.literal(" ");
    const std::chrono::year year(static_cast<int>(at.digits(4)));
    return {year / month / day, time, false};
}

/// The latest year that ends in these digits and is not more than 50 years away.
void complete_year(DateParts& date, WallTime wall_now) noexcept {
    const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(wall_now));
    const int latest = static_cast<int>(today.year()) + 50;
    const int back = ((latest - static_cast<int>(date.day.year())) % 100 + 100) % 100;
    const auto in_year = [&](int year) {
        return std::chrono::year(year) / date.day.month() / date.day.day();
    };
    date.day = in_year(latest - back);
    const auto time_now = std::chrono::floor<std::chrono::seconds>(wall_now - sys_days(today));
    const auto now_then = std::chrono::year(latest) / today.month() / today.day();
    if (date.day > now_then || (date.day == now_then && date.time > time_now)) {
        date.day = in_year(latest - 100);
    }
}

/// The wall clock counts nanoseconds and ends in 2262: what lies beyond becomes its end.
WallTime saturated(sys_seconds at) noexcept {
    constexpr auto last = std::chrono::floor<std::chrono::seconds>(WallTime::max());
    constexpr auto first = std::chrono::ceil<std::chrono::seconds>(WallTime::min());
    return at > last ? WallTime::max() : (at < first ? WallTime::min() : WallTime(at));
}

} // namespace

std::optional<WallTime> parse_http_date(std::string_view text, WallTime wall_now) noexcept {
    for (const std::string_view weekday : weekdays) {
        Cursor at(text);
        DateParts date;
        if (at.literal(weekday)) {
            at.literal(", ");
            date = rfc_850(at);
        } else if (at = Cursor(text); at.literal(weekday.substr(0, 3))) {
            date = at.peek() == ',' ? (at.literal(", "), imf_fixdate(at)) : (at.literal(" "), asctime(at));
        } else {
            continue;
        }
        if (at.ended() && date.short_year) {
            complete_year(date, wall_now);
        }
        if (!at.ended() || !date.day.ok()) {
            return std::nullopt;
        }
        return saturated(sys_days(date.day) + date.time);
    }
    return std::nullopt;
}

} // namespace backstay::inline BACKSTAY_ABI
