#include <backstay/http/server_wait.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

WallTime at(int year, unsigned month, unsigned day, std::chrono::seconds time = 0s) {
    return std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day)) +
           time;
}

std::optional<WallTime> parse(std::string_view text, WallTime now = at(2024, 5, 1)) {
    return parse_http_date(text, now);
}

} // namespace

TEST_CASE("the three formats of an HTTP date give the same time", "[http][http_date]") {
    const WallTime want = at(1994, 11, 6, 8h + 49min + 37s);
    CHECK(parse("Sun, 06 Nov 1994 08:49:37 GMT") == want);
    CHECK(parse("Sunday, 06-Nov-94 08:49:37 GMT") == want);
    CHECK(parse("Sun Nov  6 08:49:37 1994") == want);
    CHECK(parse("Sun Nov 16 08:49:37 1994") == at(1994, 11, 16, 8h + 49min + 37s));
}

TEST_CASE("a leap second is the next minute's first", "[http][http_date]") {
    CHECK(parse("Sat, 31 Dec 2016 23:59:60 GMT") == at(2017, 1, 1));
    CHECK(parse("Saturday, 31-Dec-16 23:59:60 GMT") == at(2017, 1, 1));
    CHECK_FALSE(parse("Sat, 31 Dec 2016 23:59:61 GMT"));
}

TEST_CASE("a two-digit year is at most 50 years ahead", "[http][http_date]") {
    struct Case {
        std::string_view text;
        WallTime now;
        int year;
    };
    const std::vector<Case> cases = {
        {"Monday, 01-Jan-24 00:00:00 GMT", at(2024, 5, 1), 2024},
        {"Monday, 01-Jan-94 00:00:00 GMT", at(2024, 5, 1), 1994},
        {"Monday, 01-Jan-74 00:00:00 GMT", at(2024, 5, 1), 2074},
        {"Monday, 01-Jan-75 00:00:00 GMT", at(2024, 5, 1), 1975},
        {"Tuesday, 01-May-74 00:00:00 GMT", at(2024, 5, 1), 2074},
        {"Tuesday, 01-May-74 00:00:01 GMT", at(2024, 5, 1), 1974},
        {"Wednesday, 02-May-74 00:00:00 GMT", at(2024, 5, 1), 1974},
        {"Saturday, 01-Jan-00 00:00:00 GMT", at(1999, 12, 31), 2000},
        {"Saturday, 01-Jan-05 00:00:00 GMT", at(2095, 1, 1), 2105},
        {"Saturday, 01-Jan-49 00:00:00 GMT", at(1999, 1, 1), 2049},
    };
    for (const Case& each : cases) {
        INFO(each.text);
        const auto parsed = parse(each.text, each.now);
        REQUIRE(parsed);
        CHECK(static_cast<int>(
                  std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*parsed)).year()) ==
              each.year);
    }
}

TEST_CASE("a two-digit year makes 29 February exist or not", "[http][http_date]") {
    CHECK(parse("Thursday, 29-Feb-24 00:00:00 GMT") == at(2024, 2, 29));
    CHECK_FALSE(parse("Thursday, 29-Feb-23 00:00:00 GMT"));
    CHECK(parse("Thursday, 29-Feb-24 00:00:00 GMT", at(2024, 2, 29)) == at(2024, 2, 29));
}

TEST_CASE("what is no HTTP date is refused", "[http][http_date]") {
    for (const char* text : {
             "",
             "Sun",
             "Sun,",
             "Sun, 06 Nov 1994 08:49:37",
             "Sun, 06 Nov 1994 08:49:37 UTC",
             "Sun, 06 Nov 1994 08:49:37 GMT ",
             " Sun, 06 Nov 1994 08:49:37 GMT",
             "Sun, 6 Nov 1994 08:49:37 GMT",
             "Sun, 06 nov 1994 08:49:37 GMT",
             "Sun, 06 Nox 1994 08:49:37 GMT",
             "Sum, 06 Nov 1994 08:49:37 GMT",
             "Sun, 00 Nov 1994 08:49:37 GMT",
             "Sun, 31 Nov 1994 08:49:37 GMT",
             "Wed, 29 Feb 2023 00:00:00 GMT",
             "Sun, 06 Nov 1994 24:00:00 GMT",
             "Sun, 06 Nov 1994 08:60:37 GMT",
             "Sun, 06 Nov 1994 08:49:7 GMT",
             "Sun, 06 Nov 94 08:49:37 GMT",
             "Sun, 06 Nov 19940 08:49:37 GMT",
             "Sun, +6 Nov 1994 08:49:37 GMT",
             "Sun, 06 Nov -994 08:49:37 GMT",
             "Sunday, 06 Nov 1994 08:49:37 GMT",
             "Sunday, 06-Nov-1994 08:49:37 GMT",
             "Sun, 06-Nov-94 08:49:37 GMT",
             "Sun Nov 6 08:49:37 1994",
             "Sun Nov 06 08:49:37 1994 GMT",
             "1994-11-06T08:49:37Z",
             "30",
         }) {
        INFO(text);
        CHECK_FALSE(parse(text));
    }
}

TEST_CASE("a date beyond the clock becomes the clock's end", "[http][http_date]") {
    CHECK(parse("Fri, 31 Dec 9999 23:59:59 GMT") == WallTime::max());
    CHECK(parse("Sat, 01 Jan 0000 00:00:00 GMT") == WallTime::min());
    CHECK(parse("Thu, 01 Jan 1970 00:00:00 GMT") == WallTime{});
}
