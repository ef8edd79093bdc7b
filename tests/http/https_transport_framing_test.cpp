#include <backstay/http/https_transport.hpp>

#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

struct Case {
    std::string id;
    std::string method;
    std::string bytes;
    std::string want;
};

std::string decode_base64(std::string_view text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char c : text.substr(0, text.find('='))) {
        held = held << 6U | static_cast<std::uint32_t>(alphabet.find(c));
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(held >> bits & 0xffU);
        }
    }
    return bytes;
}

std::vector<Case> framing_cases() {
    std::ifstream file(BACKSTAY_TEST_DATA "/framing.jsonl");
    std::vector<Case> cases;
    for (std::string line; std::getline(file, line);) {
        const boost::json::value parsed = boost::json::parse(line);
        const auto text = [&](const char* key) { return std::string(parsed.at(key).as_string()); };
        cases.push_back({text("id"), text("method"), decode_base64(text("raw_base64")), text("want")});
    }
    return cases;
}

std::vector<std::string> cut(const std::string& bytes, std::size_t size) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        pieces.push_back(bytes.substr(at, size));
    }
    return pieces;
}

/// Plays a case on a connection, new or used before, and says what the caller saw.
std::string play(const Case& given, std::size_t piece, bool reused) {
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
    const std::vector<Case> cases = framing_cases();
    REQUIRE(cases.size() == 60);
    for (const Case& each : cases) {
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
