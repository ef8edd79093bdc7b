#include "http/reply_parser.hpp"

#include "http/framing_cases.hpp"
#include "http/reply_reading.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace backstay::testing_replies;

namespace {

/// The three ways in which a reply may come: whole, by the byte, in small packets.
std::vector<Reading> read_three_ways(std::string_view bytes, std::string_view method) {
    return {read_reply({bytes}, method), read_reply(in_pieces(bytes, 1), method),
            read_reply(in_pieces(bytes, 20), method)};
}

} // namespace

TEST_CASE("every framing case gets its verdict, however it is cut", "[http][reply_parser]") {
    const auto cases = framing_cases();
    REQUIRE(cases.size() == 60);
    for (const FramingCase& each : cases) {
        for (const Reading& reading : read_three_ways(each.bytes, each.method)) {
            INFO(each.id << ": " << reading.verdict << " " << reading.text << " " << reading.message);
            if (each.want == "either") {
                CHECK(reading.verdict == read_reply({each.bytes}, each.method).verdict);
                CHECK((reading.verdict == "accept" || reading.verdict == "reject"));
            } else {
                CHECK(reading.verdict == each.want);
            }
            const bool of_the_end = each.want == "truncated" || each.want == "closed_before_response";
            CHECK(reading.needed_end == of_the_end);
        }
    }
}

TEST_CASE("every two-way split of every reference reply reads the same", "[http][reply_parser]") {
    for (const NamedReply& reply : reference_replies()) {
        const Reading whole = read_reply({reply.bytes}, reply.method);
        INFO(reply.name << ": " << whole.text << whole.message);
        REQUIRE(whole.verdict == reply.verdict);
        CHECK(read_reply(in_pieces(reply.bytes, 1), reply.method).text == whole.text);
        for (std::size_t at = 1; at < reply.bytes.size(); ++at) {
            const Reading split =
                read_reply({reply.bytes.substr(0, at), reply.bytes.substr(at)}, reply.method);
            INFO("cut at " << at);
            REQUIRE(split.text == whole.text);
            REQUIRE(split.verdict == whole.verdict);
        }
    }
}

TEST_CASE("every three-way split of one reply reads the same", "[http][reply_parser]") {
    const NamedReply& reply = reference_replies()[2];
    const Reading whole = read_reply({reply.bytes});
    int different = 0;
    for (std::size_t first = 1; first < reply.bytes.size(); ++first) {
        for (std::size_t second = first + 1; second < reply.bytes.size(); ++second) {
            const Reading split =
                read_reply({reply.bytes.substr(0, first), reply.bytes.substr(first, second - first),
                            reply.bytes.substr(second)});
            different += split.text == whole.text ? 0 : 1;
        }
    }
    CHECK(different == 0);
}

TEST_CASE("a reply cut anywhere is truncated, never a short success", "[http][reply_parser]") {
    for (const NamedReply& reply : reference_replies()) {
        const std::size_t body_begins = reply.bytes.find("\r\n\r\n") + 4;
        for (std::size_t at = 1; at < reply.bytes.size(); ++at) {
            const Reading cut = read_reply({reply.bytes.substr(0, at)}, reply.method);
            INFO(reply.name << " cut at " << at << ": " << cut.text);
            const bool ends_by_close = reply.name == "close-delimited" && at >= body_begins;
            REQUIRE(cut.verdict == (ends_by_close ? "accept_no_reuse" : "truncated"));
        }
    }
}

TEST_CASE("a mutated reply neither crashes nor reads differently in pieces", "[http][reply_parser][fuzz]") {
    constexpr std::string_view nasty("\0\n\r :;\x7f\xff\t,0a", 13);
    std::mt19937 random(20240501);
    const auto draw = [&](std::size_t below) { return static_cast<std::size_t>(random()) % below; };
    int different = 0;
    for (int round = 0; round < 4000; ++round) {
        const NamedReply& reply = reference_replies()[draw(reference_replies().size())];
        std::string bytes(reply.bytes);
        for (std::size_t changes = 1 + draw(3); changes > 0 && !bytes.empty(); --changes) {
            const std::size_t at = draw(bytes.size());
            switch (draw(4)) {
            case 0:
                bytes[at] = nasty[draw(nasty.size())];
                break;
            case 1:
                bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1U << draw(8)));
                break;
            case 2:
                bytes.insert(at, 1, nasty[draw(nasty.size())]);
                break;
            default:
                bytes.erase(at, 1 + draw(4));
            }
        }
        const auto readings = read_three_ways(bytes, reply.method);
        for (const Reading& reading : readings) {
            different += reading.verdict == readings.front().verdict &&
                                 reading.text == readings.front().text &&
                                 reading.message == readings.front().message
                             ? 0
                             : 1;
        }
    }
    CHECK(different == 0);
}
