#include <backstay/testing/detail/playback.hpp>

#include "support/catch.hpp"

#include <string>

using namespace backstay;
using namespace std::chrono_literals;
using detail::sandbox::Ending;
using detail::sandbox::Playback;

namespace {

/// All that is done: `200ms|abc|10ms|d`.
std::string played(Playback& playback) {
    std::string list;
    while (const auto action = playback.next()) {
        if (action->wait > 0ms) {
            list += "|" + std::to_string(action->wait / 1ms) + "ms";
        }
        if (!action->bytes.empty()) {
            list += "|" + std::string(action->bytes);
        }
    }
    return list;
}

std::string played(const FaultStep& step, const std::string& bytes) {
    Playback playback(step, bytes, false);
    return played(playback);
}

Ending ending(const FaultStep& step, bool last = false) {
    return Playback(step, "abc", last).ending();
}

} // namespace

TEST_CASE("a reply without faults goes out in one piece", "[playback]") {
    CHECK(played({}, "abcdef") == "|abcdef");
    CHECK(played({}, "").empty());
}

TEST_CASE("a delay comes before the first byte", "[playback]") {
    CHECK(played({.delay = 250ms}, "abc") == "|250ms|abc");
    CHECK(played({.delay = 250ms}, "") == "|250ms");
}

TEST_CASE("a cut keeps back what lies behind it", "[playback]") {
    const auto cut_at = [](std::size_t at) {
        return FaultStep{.cut = {.kind = Cut::Kind::reset, .at_byte = at}};
    };
    CHECK(played(cut_at(0), "abcdef").empty());
    CHECK(played(cut_at(4), "abcdef") == "|abcd");
    CHECK(played(cut_at(99), "abcdef") == "|abcdef");
}

TEST_CASE("pauses part the bytes; one behind the cut is not made", "[playback]") {
    FaultStep step{.delay = 5ms,
                   .pauses = {{.at_byte = 0, .duration = 1ms},
                              {.at_byte = 2, .duration = 20ms},
                              {.at_byte = 4, .duration = 40ms}}};
    CHECK(played(step, "abcdef") == "|6ms|ab|20ms|cd|40ms|ef");
    step.cut = {.kind = Cut::Kind::close, .at_byte = 2};
    CHECK(played(step, "abcdef") == "|6ms|ab|20ms");
}

TEST_CASE("a drip sends pieces, with a silence between them", "[playback]") {
    CHECK(played({.drip = {.bytes = 2, .every = 10ms}}, "abcde") == "|ab|10ms|cd|10ms|e");
    CHECK(played({.drip = {.bytes = 1}}, "abc") == "|a|b|c");
    CHECK(played({.pauses = {{.at_byte = 3, .duration = 7ms}}, .drip = {.bytes = 2}}, "abcde") ==
          "|ab|c|7ms|de");
}

TEST_CASE("the ending follows the cut, then what the step says, then the reply", "[playback]") {
    CHECK(ending({}) == Ending::keep_alive);
    CHECK(ending({}, true) == Ending::close);
    CHECK(ending({.after = AfterReply::close}) == Ending::close);
    CHECK(ending({.after = AfterReply::close_silently}) == Ending::close);
    CHECK(ending({.after = AfterReply::close_on_next_request}) == Ending::close_on_next_request);
    CHECK(ending({.cut = {.kind = Cut::Kind::reset}}, true) == Ending::reset);
    CHECK(ending({.cut = {.kind = Cut::Kind::stall}}) == Ending::stall);
    CHECK(ending({.cut = {.kind = Cut::Kind::close}}) == Ending::close);
    CHECK(ending({.cut = {.kind = Cut::Kind::close, .close_notify = false}}) == Ending::close_without_notify);
}
