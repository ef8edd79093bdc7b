#include <backstay/telemetry/trace_context.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>

using namespace backstay;

namespace {

const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

} // namespace

TEST_CASE("a traceparent is read and written as it was", "[trace_context]") {
    const auto read = parse_traceparent(good);
    REQUIRE(read);
    CHECK(read->valid());
    CHECK(read->sampled);
    CHECK(to_hex(read->trace_id) == "0af7651916cd43dd8448eb211c80319c");
    CHECK(to_hex(read->span_id) == "b7ad6b7169203331");
    CHECK(to_traceparent(*read) == good);

    const std::string unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    REQUIRE(parse_traceparent(unsampled));
    CHECK_FALSE(parse_traceparent(unsampled)->sampled);
    CHECK(to_traceparent(*parse_traceparent(unsampled)) == unsampled);
}

TEST_CASE("flags that are reserved are not handed on", "[trace_context]") {
    for (const auto* const flags : {"03", "ff", "81"}) {
        const auto read = parse_traceparent(good.substr(0, 53) + flags);
        REQUIRE(read);
        CHECK(to_traceparent(*read) == good);
    }
    const auto read = parse_traceparent(good.substr(0, 53) + "fe");
    REQUIRE(read);
    CHECK_FALSE(read->sampled);
}

TEST_CASE("what is no traceparent is refused", "[trace_context]") {
    const std::string text = GENERATE_COPY(
        std::string{}, std::string{"00"}, std::string(55, '0'), std::string(55, '-'),
        good.substr(0, 54),                                                     // too short
        good + "0", good + "-", good + "-00", good + " ", " " + good,           // too long for version 00
        '0' + good.substr(1) + "\n",                                            //
        std::string{"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, // a version that is none
        std::string{"0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, //
        std::string{"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"}, // upper case
        std::string{"00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01"}, //
        std::string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A"}, //
        std::string{"00-00000000000000000000000000000000-b7ad6b7169203331-01"}, // ids of zeros
        std::string{"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"}, //
        std::string{"00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01"}, // a dash at a wrong place
        std::string{"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, //
        std::string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01"}, //
        std::string{"00-0af7651916cd43dd8448eb211c8031\r\n-b7ad6b7169203331-01"},
        std::string{
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more"}); // a later version, no dash
    CAPTURE(text);
    CHECK_FALSE(parse_traceparent(text));
}

TEST_CASE("a later version is read for what is known of it, and answered in version 00", "[trace_context]") {
    for (const auto* const more : {"", "-", "-what-comes-then"}) {
        const auto read = parse_traceparent("cc" + good.substr(2) + more);
        REQUIRE(read);
        CHECK(to_traceparent(*read) == good);
    }
}

TEST_CASE("ids are random, never zeros, and the same seed draws the same ones", "[trace_context]") {
    Random random{7};
    std::set<std::string> seen;
    const TraceContext call = new_trace(random);
    CHECK(call.valid());
    CHECK_FALSE(call.sampled);
    seen.insert(to_hex(call.span_id));
    TraceContext parent = call;
    parent.sampled = true;
    for (int i = 0; i < 1'000; ++i) {
        const TraceContext attempt = new_span(parent, random);
        CHECK(attempt.trace_id == call.trace_id);
        CHECK(attempt.sampled);
        CHECK(attempt.valid());
        seen.insert(to_hex(attempt.span_id));
    }
    CHECK(seen.size() == 1'001);
    Random again{7};
    CHECK(new_trace(again) == call);
}
