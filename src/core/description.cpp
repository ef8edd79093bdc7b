#include <backstay/core/description.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace backstay::inline BACKSTAY_ABI {

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

} // namespace backstay::inline BACKSTAY_ABI
