#include <backstay/core/description.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr std::string_view digits = "0123456789";

/// How many of the first characters are a number: digits, perhaps a point and digits.
std::size_t length_of_number(std::string_view text) noexcept {
    const auto digits_from = [text](std::size_t begin) {
        const std::size_t end = text.find_first_not_of(digits, begin);
        return (end == std::string_view::npos ? text.size() : end) - begin;
    };
    const std::size_t whole = digits_from(0);
    if (whole == 0 || whole == text.size() || text[whole] != '.') {
        return whole;
    }
    const std::size_t fraction = digits_from(whole + 1);
    return fraction == 0 ? 0 : whole + 1 + fraction;
}

} // namespace

std::string to_text(Duration duration) {
    using namespace std::chrono_literals;
    struct Unit {
        Duration size;
        const char* name;
    };
    static constexpr std::array<Unit, 6> units{
        {{1h, " h"}, {1min, " min"}, {1s, " s"}, {1ms, " ms"}, {1us, " us"}, {1ns, " ns"}}};
    const double count = std::abs(static_cast<double>(duration.count())); // also of the most negative one
    for (const Unit& unit : units) {
        const double amount = count / static_cast<double>(unit.size.count());
        if (amount < 0.9995) { // else it is written as 1 of this unit, not as 1000 of the next
            continue;
        }
        const int decimals = amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0;
        std::array<char, 32> text{};
        auto* end =
            std::to_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed, decimals)
                .ptr;
        if (decimals > 0) {
            while (end[-1] == '0') {
                --end;
            }
            end -= end[-1] == '.' ? 1 : 0;
        }
        return std::string(duration < Duration::zero() ? "-" : "").append(text.data(), end).append(unit.name);
    }
    return "0 s";
}

expected<Duration, std::string> parse_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        double nanoseconds;
    };
    static constexpr std::array<Unit, 6> units{
        {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}}};
    constexpr double longest = 9e18; // in nanoseconds, 285 years: what 64 bits hold

    const std::size_t length = length_of_number(text);
    for (const Unit& unit : units) {
        if (length == 0 || text.substr(length) != unit.name) {
            continue;
        }
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + length, number);
        const double nanoseconds = number * unit.nanoseconds;
        if (error != std::errc{} || nanoseconds > longest) {
            return fail('"' + std::string(text) + "\" is too long; write at most 2000000h");
        }
        return std::chrono::duration_cast<Duration>(std::chrono::nanoseconds{std::llround(nanoseconds)});
    }
    return fail('"' + std::string(text) + "\" is not a duration; write 250ms, 2s or 5min");
}

} // namespace backstay::inline BACKSTAY_ABI
