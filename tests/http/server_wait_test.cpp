#include <backstay/http/server_wait.hpp>

#include "support/catch.hpp"

#include <backstay/core/failure.hpp>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

/// Tue, 14 Nov 2023 22:13:20 GMT, and a fraction.
const WallTime now = WallTime(1'700'000'000s) + 700ms;
/// Mon, 01 Jan 2024 01:00:00 GMT, when a server that sends epoch seconds is asked.
const WallTime in_2024 = WallTime(1'704'070'800s);

using Pairs = std::vector<std::pair<std::string, std::string>>;

Fields fields_of(const Pairs& pairs) {
    Fields fields;
    for (const auto& [name, value] : pairs) {
        fields.add(name, value);
    }
    return fields;
}

std::optional<Duration> wait_of(const std::optional<ServerWait>& wait) {
    return wait ? std::optional(wait->wait) : std::nullopt;
}

struct Case {
    Pairs fields;
    std::optional<Duration> want;
};

} // namespace

TEST_CASE("Retry-After in seconds", "[http][server_wait]") {
    const std::vector<std::pair<std::string_view, std::optional<Duration>>> cases = {
        {"0", 0s},
        {"45", 45s},
        {"007", 7s},
        {"  30\t", 30s},
        {"9000000000", 9'000'000'000s},
        {"9999999999", Duration::max()}, // ten digits are more than 292 years of nanoseconds
        {"10000000000", std::nullopt},
        {"00000000001", std::nullopt},
        {"", std::nullopt},
        {"-1", std::nullopt},
        {"+1", std::nullopt},
        {"1.5", std::nullopt},
        {"0x10", std::nullopt},
        {"1e3", std::nullopt},
        {"30s", std::nullopt},
        {"30, 40", std::nullopt},
        {"soon", std::nullopt},
    };
    for (const auto& [value, want] : cases) {
        INFO('"' << value << '"');
        CHECK(wait_of(retry_after(fields_of({{"retry-after", std::string(value)}}), now)) == want);
    }
    CHECK_FALSE(retry_after(Fields{}, now));
    CHECK(retry_after(fields_of({{"Retry-After", "1"}}), now)->source == Failure::hint_from_header);
}

TEST_CASE("a Retry-After that does not parse is passed over", "[http][server_wait]") {
    CHECK(wait_of(retry_after(fields_of({{"Retry-After", "soon"}, {"Retry-After", "7"}}), now)) ==
          Duration(7s));
}

TEST_CASE("Retry-After as a date is compared with the wall clock and never too early",
          "[http][server_wait]") {
    const std::vector<std::pair<std::string, std::optional<Duration>>> cases = {
        {"Tue, 14 Nov 2023 22:13:50 GMT", 30s}, // the fraction of now is not subtracted
        {"Tuesday, 14-Nov-23 22:13:50 GMT", 30s}, {"Tue Nov 14 22:13:50 2023", 30s},
        {"Tue, 14 Nov 2023 22:13:60 GMT", 40s},   {"Tue, 14 Nov 2023 22:13:20 GMT", 0s},
        {"Tue, 14 Nov 2023 22:13:19 GMT", 0s},    {"Sun, 06 Nov 1994 08:49:37 GMT", 0s},
        {"Sat, 01 Jan 0000 00:00:00 GMT", 0s},    {"Tue, 14 Nov 2023", std::nullopt},
    };
    for (const auto& [value, want] : cases) {
        INFO(value);
        CHECK(wait_of(retry_after(fields_of({{"Retry-After", value}}), now)) == want);
    }
    const auto far = wait_of(retry_after(fields_of({{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}}), now));
    REQUIRE(far);
    CHECK(*far > std::chrono::hours(24 * 365 * 200));
}

TEST_CASE("a server whose clock is wrong is believed about the difference", "[http][server_wait]") {
    const std::string date = "Tue, 14 Nov 2023 23:00:00 GMT";
    CHECK(wait_of(retry_after(fields_of({{"Retry-After", date}, {"Date", "Tue, 14 Nov 2023 22:59:30 GMT"}}),
                              now)) == Duration(30s));
    CHECK(wait_of(retry_after(fields_of({{"Retry-After", date}, {"Date", "Wed, 15 Nov 2023 00:00:00 GMT"}}),
                              now)) == Duration(0s));
    CHECK(wait_of(retry_after(fields_of({{"Retry-After", date}, {"Date", "yesterday"}}), now)) ==
          Duration(46min + 40s));
    CHECK(wait_of(retry_after(fields_of({{"Retry-After", "30"}, {"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}),
                              now)) == Duration(30s));
}

TEST_CASE("the RateLimit field of the current draft", "[http][server_wait]") {
    const std::vector<std::pair<std::string, std::optional<Duration>>> cases = {
        {R"("default";r=0;t=30)", 30s},
        {R"(default;r=0;t=30)", 30s},
        {R"( "default" ; r=0 ; t=30 )", 30s},
        {R"("default";t=30;r=0)", 30s},
        {R"("burst";r=0;t=5, "daily";r=0;t=3600)", 3600s},
        {R"("burst";r=0;t=5, "daily";r=100;t=3600)", 5s},
        {R"("a,b;r=1;t=99";r=0;t=7)", 7s},
        {R"("a\",b";r=0;t=7)", 7s},
        {R"("default";r=0;t=30;pk=:cGs=:)", 30s},
        {R"("default";r=1;t=30)", std::nullopt},
        {R"("default";r=0)", std::nullopt},
        {R"("default";t=30)", std::nullopt},
        {R"("default";r=0;t=-1)", std::nullopt},
        {R"("default";r=0;t=1.5)", std::nullopt},
        {R"("default";r=0;t=10000000000)", std::nullopt},
        {R"("unterminated;r=0;t=30)", std::nullopt},
        {"", std::nullopt},
        {",;,=;", std::nullopt},
    };
    for (const auto& [value, want] : cases) {
        INFO(value);
        CHECK(wait_of(rate_limit_wait(fields_of({{"RateLimit", value}}), now)) == want);
    }
    CHECK(wait_of(rate_limit_wait(fields_of({{"RateLimit", "a;r=0;t=3"}, {"ratelimit", "b;r=0;t=9"}}),
                                  now)) == Duration(9s));
}

TEST_CASE("the RateLimit field of older drafts", "[http][server_wait]") {
    const std::vector<std::pair<std::string, std::optional<Duration>>> cases = {
        {"limit=100, remaining=0, reset=30", 30s}, {"limit=100,remaining=0,reset=30", 30s},
        {"reset=30, remaining=0, limit=100", 30s}, {"limit=100, remaining=5, reset=30", std::nullopt},
        {"limit=100, remaining=0", std::nullopt},  {"limit=100, remaining=0, reset=soon", std::nullopt},
    };
    for (const auto& [value, want] : cases) {
        INFO(value);
        CHECK(wait_of(rate_limit_wait(fields_of({{"RateLimit", value}}), now)) == want);
    }
}

TEST_CASE("the numeric rate-limit fields are waits or points in time", "[http][server_wait]") {
    for (const char* name :
         {"RateLimit-Reset", "X-RateLimit-Retry-After", "X-RateLimit-Reset", "x-rate-limit-reset"}) {
        const std::vector<std::pair<std::string, std::optional<Duration>>> cases = {
            {"30", 30s},
            {"1704067199", 1'704'067'199s}, // one below the border: a wait, however absurd
            {"1704067200", 0s},             // past
            {"1704070830", 30s},
            {"9999999999", 8'295'929'199s},
            {"1704070830000", std::nullopt}, // milliseconds
            {"-1", std::nullopt},
            {"1.5", std::nullopt},
            {"0x1e", std::nullopt},
            {"", std::nullopt},
        };
        for (const auto& [value, want] : cases) {
            INFO(name << ": " << value);
            CHECK(wait_of(rate_limit_wait(fields_of({{name, value}}), in_2024)) == want);
        }
        const Pairs skewed = {{name, "1704070830"}, {"Date", "Mon, 01 Jan 2024 01:00:20 GMT"}};
        CHECK(wait_of(rate_limit_wait(fields_of(skewed), in_2024)) == Duration(10s));
        CHECK(rate_limit_wait(fields_of({{name, "1"}}), now)->source == Failure::hint_from_limits);
    }
}

TEST_CASE("the first rate-limit field that says a wait wins", "[http][server_wait]") {
    Pairs all = {{"X-Rate-Limit-Reset", "5"},
                 {"X-RateLimit-Reset", "4"},
                 {"X-RateLimit-Retry-After", "3"},
                 {"RateLimit-Reset", "2"},
                 {"RateLimit", "x;r=0;t=1"}};
    for (auto want = Duration(1s); !all.empty(); want += 1s) {
        CHECK(wait_of(rate_limit_wait(fields_of(all), now)) == want);
        all.back().second = "nonsense";
        CHECK(wait_of(rate_limit_wait(fields_of(all), now)) ==
              (all.size() > 1 ? std::optional(want + 1s) : std::nullopt));
        all.pop_back();
    }
    CHECK_FALSE(rate_limit_wait(Fields{}, now));
}

TEST_CASE("a reset beside a quota that is left is no wait", "[http][server_wait]") {
    const std::vector<Case> cases = {
        {{{"X-RateLimit-Remaining", "4999"}, {"X-RateLimit-Reset", "3300"}}, std::nullopt},
        {{{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "3300"}}, 3300s},
        {{{"X-RateLimit-Remaining", "many"}, {"X-RateLimit-Reset", "3300"}}, 3300s},
        {{{"RateLimit-Remaining", "1"}, {"RateLimit-Reset", "9"}}, std::nullopt},
        {{{"X-Rate-Limit-Remaining", "1"}, {"X-Rate-Limit-Reset", "9"}}, std::nullopt},
        {{{"X-RateLimit-Remaining", "1"}, {"X-RateLimit-Retry-After", "9"}}, 9s},
    };
    for (const Case& each : cases) {
        CHECK(wait_of(rate_limit_wait(fields_of(each.fields), now)) == each.want);
    }
}

TEST_CASE("a reply tells of the quota that is left", "[http][server_wait]") {
    struct Told {
        Pairs fields;
        std::uint64_t remaining;
        Duration resets_in;
    };
    const std::vector<Told> cases = {
        {{{"RateLimit", R"("default";r=50;t=30)"}}, 50, 30s},
        {{{"RateLimit", "limit=100, remaining=5, reset=30"}}, 5, 30s},
        {{{"RateLimit", R"("burst";r=10;t=1, "daily";r=100;t=3600)"}}, 100, 3600s}, // 36 s apart
        {{{"RateLimit", R"("daily";r=100;t=3600, "burst";r=0;t=1)"}}, 0, 1s},       // nothing goes now
        {{{"RateLimit", R"("a";r=0;t=1)"}, {"RateLimit", R"("b";r=0;t=9)"}}, 0, 9s},
        {{{"RateLimit-Remaining", "7"}, {"RateLimit-Reset", "9"}}, 7, 9s},
        {{{"x-ratelimit-remaining", "4999"}, {"X-RateLimit-Reset", "3300"}}, 4999, 3300s},
        {{{"X-Rate-Limit-Remaining", "2"}, {"X-Rate-Limit-Reset", "1704070830"}}, 2, 30s},
        {{{"RateLimit", R"("a";r=1;t=10)"}, {"X-RateLimit-Remaining", "1"}, {"X-RateLimit-Reset", "60"}},
         1,
         60s},
    };
    for (const Told& each : cases) {
        INFO(each.fields.front().first << ": " << each.fields.front().second);
        const ServerQuota quota = rate_limit_quota(fields_of(each.fields), in_2024);
        CHECK(quota.remaining == each.remaining);
        CHECK(quota.resets_in == each.resets_in);
    }
}

TEST_CASE("half of a quota, or one that has been reset, tells nothing", "[http][server_wait]") {
    for (const Pairs& each : std::vector<Pairs>{{},
                                                {{"Content-Type", "text/html"}},
                                                {{"RateLimit", R"("default";r=50)"}},
                                                {{"RateLimit", R"("default";t=50)"}},
                                                {{"RateLimit", R"("default";r=5;t=0)"}},
                                                {{"RateLimit", R"("default";r=-5;t=10)"}},
                                                {{"RateLimit", ",;=,"}},
                                                {{"X-RateLimit-Reset", "30"}},
                                                {{"X-RateLimit-Remaining", "30"}},
                                                {{"X-RateLimit-Retry-After", "30"}}}) {
        CHECK_FALSE(rate_limit_quota(fields_of(each), in_2024).told());
    }
}

TEST_CASE("a body's number is rounded up", "[http][server_wait]") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const std::vector<std::pair<double, std::optional<Duration>>> cases = {
        {0.0, 0s},
        {-0.0, 0s},
        {45.0, 45s},
        {0.001, 1s},
        {44.5, 45s},
        {9'999'999'999.0, Duration::max()},
        {1e10, std::nullopt},
        {-0.5, std::nullopt},
        {-1.0, std::nullopt},
        {infinity, std::nullopt},
        {-infinity, std::nullopt},
        {std::numeric_limits<double>::quiet_NaN(), std::nullopt},
    };
    for (const auto& [value, want] : cases) {
        INFO(value);
        CHECK(wait_of(body_wait(value)) == want);
    }
    CHECK(body_wait(1.0)->source == Failure::hint_from_body);
}

TEST_CASE("a body's numeric string is a number", "[http][server_wait]") {
    const std::vector<std::pair<std::string_view, std::optional<Duration>>> cases = {
        {"45", 45s},
        {"44.5", 45s},
        {" 30 ", 30s},
        {"0", 0s},
        {"", std::nullopt},
        {"-1", std::nullopt},
        {"+1", std::nullopt},
        {"30s", std::nullopt},
        {"1e3", std::nullopt},
        {"0x1e", std::nullopt},
        {"nan", std::nullopt},
        {"inf", std::nullopt},
        {"1e400", std::nullopt},
        {"soon", std::nullopt},
        {"1,5", std::nullopt},
        {"99999999999999999999999", std::nullopt},
    };
    for (const auto& [value, want] : cases) {
        INFO('"' << value << '"');
        CHECK(wait_of(body_wait(value)) == want);
    }
}
