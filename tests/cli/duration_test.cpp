#include "cli/duration.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <limits>
#include <string>

using namespace backstay;
using namespace backstay::cli;
using namespace std::chrono_literals;

TEST_CASE("A duration is a number and its unit") {
    CHECK(parse_duration("250ms") == Duration{250ms});
    CHECK(parse_duration("2s") == Duration{2s});
    CHECK(parse_duration("1.5s") == Duration{1500ms});
    CHECK(parse_duration("5min") == Duration{5min});
    CHECK(parse_duration("1h") == Duration{1h});
    CHECK(parse_duration("0.25us") == Duration{250ns});
    CHECK(parse_duration("7ns") == Duration{7ns});
    CHECK(parse_duration("0s") == Duration{0});
}

TEST_CASE("What is not a duration is quoted, with what to write instead") {
    for (const std::string text : {"5 parsecs", "", "5", "s", "-1s", "+1s", "1,5s", "1.s", ".5s", "1e3s",
                                   "2 s", "2S", "2s ", "2m", "nans", "infs", "0x2s", "1.2.3s"}) {
        CAPTURE(text);
        const auto parsed = parse_duration(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error() == "\"" + text + "\" is not a duration; write 250ms, 2s or 5min");
    }
}

TEST_CASE("A duration that no clock can hold is refused, not wrapped around") {
    CHECK(parse_duration("2000000h") == Duration{2'000'000h});
    for (const std::string& text :
         {std::string("3000000h"), std::string("99999999999999999999s"), std::string(400, '9') + "ns"}) {
        const auto parsed = parse_duration(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error() == "\"" + text + "\" is too long; write at most 2000000h");
    }
}
