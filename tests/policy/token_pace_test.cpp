#include "policy/token_pace.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <limits>

using namespace backstay;
using namespace std::chrono_literals;
using detail::TokenPace;

namespace {

constexpr TimePoint start{1h};
constexpr TimePoint full = TimePoint::min();

} // namespace

TEST_CASE("an interval is the period's part, rounded up: never faster", "[rate_limiter]") {
    CHECK(TokenPace::of(10, 1s, 1).interval == 100ms);
    CHECK(TokenPace::of(3, 1s, 1).interval == 333'333'334ns);
    CHECK(TokenPace::of(1, 1s, 1).interval == 1s);
    CHECK(TokenPace::of(10, 1s, 5).depth == 400ms);
    CHECK(TokenPace::of(10, 1s, 1).depth == 0s);
}

TEST_CASE("no burst after a long silence beyond the burst size, by arithmetic", "[rate_limiter]") {
    constexpr TokenPace pace = TokenPace::of(10, 1s, 5);
    TimePoint due = full;
    for (const TimePoint now : {start, start + 24h * 365}) {
        for (int taken = 0; taken < 5; ++taken) {
            CHECK(pace.tokens(due, now) == 5 - taken);
            REQUIRE(due <= now);
            due = pace.after_take(due, now);
        }
        CHECK(due == now + 100ms);
        CHECK(pace.tokens(due, now) == 0);
    }
}

TEST_CASE("integers do not drift: a million tokens take a million intervals to the nanosecond",
          "[rate_limiter]") {
    constexpr TokenPace pace = TokenPace::of(7, 1s, 2);
    TimePoint due = pace.after_take(pace.after_take(full, start), start);
    for (int token = 1; token <= 1'000'000; ++token) {
        REQUIRE(due == start + pace.interval * token);
        due = pace.after_take(due, due + Duration(token % 1000)); // a little late
    }
}

TEST_CASE("it tells when a token is there for one with others before it", "[rate_limiter]") {
    constexpr TokenPace pace = TokenPace::of(10, 1s, 5);
    CHECK(pace.at(start + 30ms, start, 0) == start + 30ms);
    CHECK(pace.at(start + 30ms, start, 3) == start + 330ms);
    CHECK(pace.at(full, start, 4) == start);
    CHECK(pace.at(full, start, 5) == start + 100ms);
}

TEST_CASE("another pace keeps tokens, and the part of the next one that is there", "[rate_limiter]") {
    constexpr TokenPace slow = TokenPace::of(10, 1s, 5);
    constexpr TokenPace quick = TokenPace::of(100, 1s, 5);
    constexpr TokenPace small = TokenPace::of(10, 1s, 2);
    const TimePoint due = start + 50ms;
    CHECK(slow.converted(due, start, quick) - start >= 5ms);
    CHECK(slow.converted(due, start, quick) - start <= 5ms + 2ns);
    CHECK(quick.converted(start + 5ms, start, slow) - start >= 50ms);
    CHECK(quick.converted(start + 5ms, start, slow) - start <= 50ms + 20ns);

    CHECK(quick.tokens(slow.converted(start - 230ms, start, quick), start) == 3);
    CHECK(small.tokens(slow.converted(full, start, small), start) == 2);
    for (int tokens = 1; tokens <= 5; ++tokens) {
        const TimePoint saved = start - 100ms * (tokens - 1);
        CHECK(slow.converted(saved, start, slow) == saved);
        CHECK(quick.tokens(slow.converted(saved, start, quick), start) == tokens);
        CHECK(quick.tokens(slow.converted(saved + 1ns, start, quick), start) == tokens - 1);
    }
}

TEST_CASE("absurd values overflow nothing", "[rate_limiter]") {
    constexpr Duration year = 24h * 365;
    for (const TokenPace pace : {TokenPace::of(1, year, 1), TokenPace::of(1'000'000, 1s, 1'000'000),
                                 TokenPace::of(1, 1s, 1'000'000), TokenPace::of(365, year, 365)}) {
        CHECK(pace.interval > 0s);
        CHECK(pace.depth >= 0s);
        for (const TimePoint now : {TimePoint::min(), TimePoint{}, start, end_of_time}) {
            for (const TimePoint due : {full, TimePoint{}, start, end_of_time - Duration(1)}) {
                const TimePoint after = pace.after_take(due, now);
                CHECK(after > full);
                CHECK(after < end_of_time); // which means something else
                CHECK(pace.at(due, now, 0) >= now);
                CHECK(pace.at(due, now, 1'000'000) >= now);
                CHECK(pace.at(due, now, std::numeric_limits<std::ptrdiff_t>::max()) >= now);
            }
        }
        CHECK(pace.at(start, start, std::numeric_limits<std::ptrdiff_t>::max()) == end_of_time);
        CHECK(pace.converted(full, start, TokenPace::of(1, year, 1)) == start);
        CHECK(pace.converted(end_of_time - Duration(1), start, TokenPace::of(1, year, 1)) > start);
        CHECK(pace.converted(start + 1s, start, TokenPace::of(1, year, 1)) > start);
    }
}
