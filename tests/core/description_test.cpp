#include <backstay/core/description.hpp>

#include "support/catch.hpp"

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
