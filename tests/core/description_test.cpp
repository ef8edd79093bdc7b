#include <backstay/core/description.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

TEST_CASE("a duration is written as people do", "[description]") {
    const std::vector<std::pair<Duration, std::string_view>> rows{
        {0s, "0 s"},       {1ns, "1 ns"},        {999ns, "999 ns"},  {1us, "1 us"},     {1500ns, "1.5 us"},
        {250ms, "250 ms"}, {200ms, "200 ms"},    {1s, "1 s"},        {1500ms, "1.5 s"}, {1250ms, "1.25 s"},
        {10s, "10 s"},     {12'500ms, "12.5 s"}, {59s, "59 s"},      {60s, "1 min"},    {90s, "1.5 min"},
        {5min, "5 min"},   {100ms, "100 ms"},    {100s, "1.67 min"}, {1h, "1 h"},       {24h, "24 h"},
        {-5s, "-5 s"},     {-1500ms, "-1.5 s"},  {100h, "100 h"},    {1230h, "1230 h"},
    };
    for (const auto& [duration, text] : rows) {
        CAPTURE(duration.count());
        CHECK(to_text(duration) == text);
    }
}

TEST_CASE("a duration that rounds up to the next unit is written in it, never with an exponent",
          "[description]") {
    CHECK(to_text(999'900us) == "1 s");
    CHECK(to_text(999'400us) == "999 ms");
    CHECK(to_text(999'600ns) == "1 ms");
    CHECK(to_text(59'990ms) == "1 min");
}

TEST_CASE("the longest durations that there are can be written", "[description]") {
    CHECK(to_text(Duration::max()) == "2562048 h");
    CHECK(to_text(Duration::min()) == "-2562048 h");
}

TEST_CASE("a duration is read as a number and its unit", "[description]") {
    CHECK(parse_duration("250ms") == Duration{250ms});
    CHECK(parse_duration("2s") == Duration{2s});
    CHECK(parse_duration("1.5s") == Duration{1500ms});
    CHECK(parse_duration("5min") == Duration{5min});
    CHECK(parse_duration("1h") == Duration{1h});
    CHECK(parse_duration("0.25us") == Duration{250ns});
    CHECK(parse_duration("7ns") == Duration{7ns});
    CHECK(parse_duration("0s") == Duration{0});
}

TEST_CASE("what is not a duration is quoted, with what to write instead", "[description]") {
    for (const std::string text : {"5 parsecs", "", "5", "s", "-1s", "+1s", "1,5s", "1.s", ".5s", "1e3s",
                                   "2 s", "2S", "2s ", "2m", "nans", "infs", "0x2s", "1.2.3s"}) {
        CAPTURE(text);
        const auto parsed = parse_duration(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error() == "\"" + text + "\" is not a duration; write 250ms, 2s or 5min");
    }
}

TEST_CASE("a duration that no clock can hold is refused, not wrapped around", "[description]") {
    CHECK(parse_duration("2000000h") == Duration{2'000'000h});
    for (const std::string& text :
         {std::string("3000000h"), std::string("99999999999999999999s"), std::string(400, '9') + "ns"}) {
        const auto parsed = parse_duration(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error() == "\"" + text + "\" is too long; write at most 2000000h");
    }
}
