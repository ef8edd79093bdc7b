#include <backstay/http/https_transport.hpp>

#include "http/framing_cases.hpp"
#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

std::vector<std::string> cut(const std::string& bytes, std::size_t size) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        pieces.push_back(bytes.substr(at, size));
    }
    return pieces;
}

/// Plays a case on a connection, new or used before, and says what the caller saw.
std::string play(const FramingCase& given, std::size_t piece, bool reused) {
    MemoryWorld world(2);
    MemoryScript& script = *world.scripts[0];
    if (reused) {
        script.replies.push_back(reply({good_reply}));
    }
    const bool needs_end = given.want == "truncated" || given.want == "closed_before_response";
    MemoryReply played;
    played.pieces = cut(given.bytes, piece);
    played.then = needs_end ? MemoryReply::Then::end : MemoryReply::Then::stay_open;
    script.replies.push_back(played);
    script.replies.push_back(reply({good_reply}));
    world.scripts[1]->replies.push_back(reply({good_reply}));

    if (reused) {
        Exchanged first;
        REQUIRE(world.finish(first).ok());
    }
    const TimePoint before = world.now();
    Exchanged exchanged(given.method);
    exchanged.request.safe_to_repeat = false; // or a lost reused connection would be replaced silently
    exchanged.call.deadline.at = before + std::chrono::seconds{10};
    world.finish(exchanged);
    REQUIRE(exchanged.ended());
    if (world.now() != before) {
        return "waited for the deadline";
    }
    if (!exchanged.ok()) {
        switch (exchanged.kind()) {
        case FailureKind::truncated:
            return "truncated";
        case FailureKind::connection_lost:
            return "closed_before_response";
        case FailureKind::protocol_error:
        case FailureKind::head_too_large:
            return exchanged.reach() == Reach::maybe_processed ? "reject" : "reject, but of wrong reach";
        default:
            return std::string(to_string(exchanged.kind()));
        }
    }
    Exchanged second;
    REQUIRE(world.finish(second).ok());
    return world.connector->made() == 1 ? "accept" : "accept_no_reuse";
}

} // namespace

TEST_CASE("each framing case has its verdict, however it is cut, on a new and on a used connection",
          "[http][https_transport]") {
    const std::vector<FramingCase> cases = framing_cases();
    REQUIRE(cases.size() == 60);
    for (const FramingCase& each : cases) {
        for (const std::size_t piece : {each.bytes.size() + 1, std::size_t{1}, std::size_t{20}}) {
            for (const bool reused : {false, true}) {
                const std::string verdict = play(each, piece, reused);
                INFO(each.id << " in pieces of " << piece << (reused ? ", used" : ", new") << ": "
                             << verdict);
                if (each.want == "either") {
                    CHECK((verdict == "accept" || verdict == "reject"));
                    CHECK(verdict == play(each, each.bytes.size() + 1, false));
                } else {
                    CHECK(verdict == each.want);
                }
            }
        }
    }
}
