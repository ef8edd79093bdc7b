#include "testing/time_text.hpp"

#include <array>
#include <cstdio>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {

/// A moment in the parts of the Gregorian calendar, UTC; free of the C library's locale.
struct Calendar {
    explicit Calendar(WallTime at)
        : day(std::chrono::floor<std::chrono::days>(at)), date(day), weekday(day), time(at - day) {}

    std::chrono::sys_days day;
    std::chrono::year_month_day date;
    std::chrono::weekday weekday;
    std::chrono::hh_mm_ss<WallTime::duration> time;
};

template <class... Args>
std::string formatted(const char* format, Args... args) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, args...);
    return text.data();
}

} // namespace

std::string to_http_date(WallTime at) {
    constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const Calendar calendar(at);
    return formatted("%s, %02u %s %04d %02d:%02d:%02d GMT", days[calendar.weekday.c_encoding()],
                     unsigned{calendar.date.day()}, months[unsigned{calendar.date.month()} - 1],
                     int{calendar.date.year()}, static_cast<int>(calendar.time.hours().count()),
                     static_cast<int>(calendar.time.minutes().count()),
                     static_cast<int>(calendar.time.seconds().count()));
}

std::string to_iso_time(WallTime at) {
    const Calendar calendar(at);
    return formatted(
        "%04d-%02u-%02uT%02d:%02d:%02dZ", int{calendar.date.year()}, unsigned{calendar.date.month()},
        unsigned{calendar.date.day()}, static_cast<int>(calendar.time.hours().count()),
        static_cast<int>(calendar.time.minutes().count()), static_cast<int>(calendar.time.seconds().count()));
}

std::string to_iso_time_milliseconds(WallTime at) {
    std::string text = to_iso_time(at);
    const auto milliseconds =
        std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count() % 1000;
    text.pop_back();
    return text + formatted(".%03dZ", static_cast<int>(milliseconds));
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
