#include <backstay/policy/aimd.hpp>

#include "support/catch.hpp"

#include <stdexcept>
#include <string>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

constexpr LimitBounds bounds{.initial = 50, .min = 10, .max = 60};

LimitSample good(int in_flight, Duration rtt = 10ms) {
    return {.rtt = rtt, .in_flight = in_flight, .dropped = false};
}
constexpr LimitSample drop{.rtt = 0ms, .in_flight = 1, .dropped = true};

std::string complaint(const AimdOptions& options, const LimitBounds& with = {}) {
    try {
        const Aimd aimd(options, with);
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("each good attempt adds one while half of the limit is in use, up to the most", "[aimd]") {
    Aimd aimd({}, bounds);
    CHECK(aimd.limit() == 50);
    aimd.note(good(24));
    CHECK(aimd.limit() == 50); // what is not used is not known to be good
    aimd.note(good(25));
    CHECK(aimd.limit() == 51);
    aimd.note(good(25));
    CHECK(aimd.limit() == 51);
    for (int i = 0; i < 20; ++i) {
        aimd.note(good(60));
    }
    CHECK(aimd.limit() == 60);
}

TEST_CASE("each drop takes a tenth, down to the least, however little is in use", "[aimd]") {
    Aimd aimd({}, bounds);
    for (const int expected : {45, 40, 36, 32, 28, 25, 22, 19, 17, 15, 13, 11, 10, 10}) {
        aimd.note(drop);
        CHECK(aimd.limit() == expected); // 50 * 0.9 = 45, 45 * 0.9 = 40.5, ... each cut to a whole number
    }
}

TEST_CASE("a drop takes one at least", "[aimd]") {
    Aimd aimd({.backoff_ratio = 0.99}, {.initial = 20, .min = 1, .max = 60});
    aimd.note(drop);
    CHECK(aimd.limit() == 19); // 20 * 0.99 = 19.8, cut
    for (int i = 0; i < 30; ++i) {
        aimd.note(drop);
    }
    CHECK(aimd.limit() == 1);
}

TEST_CASE("an attempt that takes longer than the timeout is a drop", "[aimd]") {
    Aimd aimd({.timeout = 100ms}, bounds);
    aimd.note(good(50, 100ms));
    CHECK(aimd.limit() == 51);
    aimd.note(good(50, 101ms));
    CHECK(aimd.limit() == 45); // 51 * 0.9 = 45.9
}

TEST_CASE("one attempt in ten dropped holds the limit near a hundred", "[aimd]") {
    Aimd aimd({}, {.initial = 20, .min = 1, .max = 1'000});
    for (int i = 0; i < 2'000; ++i) {
        aimd.note(i % 10 == 0 ? drop : good(1'000));
    }
    CHECK(aimd.limit() > 70);
    CHECK(aimd.limit() < 110);
}

TEST_CASE("options of aimd and bounds out of range are named", "[aimd]") {
    CHECK(complaint({}).empty());
    CHECK(complaint({.backoff_ratio = 1}) == "AimdOptions.backoff_ratio is 1, allowed is 0.5 to below 1");
    CHECK(complaint({.timeout = 0s}) == "AimdOptions.timeout is 0 s, allowed is longer than 0 s");
    CHECK(complaint({}, {.min = 0}) == "LimitBounds.min is 0, allowed is 1 to 1000000");
    CHECK(complaint({}, {.max = 19}) == "LimitBounds.max is 19, allowed is min (20) to 1000000");
    CHECK(complaint({}, {.initial = 201}) == "LimitBounds.initial is 201, allowed is min (20) to max (200)");
    CHECK(Aimd({}, {}).describe() == "aimd, x0.9 after a drop or 5 s");
}
