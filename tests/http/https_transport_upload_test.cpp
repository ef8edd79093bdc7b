#include <backstay/http/https_transport.hpp>

#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using Then = MemoryReply::Then;

namespace {

std::string counting(std::size_t size) {
    std::string text;
    while (text.size() < size) {
        text += std::to_string(text.size()) + ' ';
    }
    text.resize(size);
    return text;
}

/// What became of the bodies that a producer began.
struct Produced {
    int opened = 0;
    int asked = 0;
    std::size_t given = 0; ///< of the latest
};

/// Gives a text, so many bytes at a time at most; throws when that many have been given.
BodyProducer giving(Produced& seen, std::string text, std::size_t at_a_time = 1'000'000,
                    std::size_t throw_at = std::string::npos) {
    BodyProducer producer;
    producer.open = [&seen, text, at_a_time, throw_at]() -> BodyReader {
        ++seen.opened;
        seen.given = 0;
        return [&seen, text, at_a_time, throw_at](std::span<char> into) {
            ++seen.asked;
            if (seen.given >= throw_at) {
                throw std::runtime_error("the file is gone");
            }
            const std::size_t count = std::min({into.size(), at_a_time, text.size() - seen.given});
            std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(seen.given), count, into.begin());
            seen.given += count;
            return count;
        };
    };
    return producer;
}

std::string body_of(const std::string& received) {
    return received.substr(received.find("\r\n\r\n") + 4);
}

/// Takes the chunks apart; anything wrong with them gives an empty text.
std::string unchunked(std::string_view coded) {
    std::string text;
    for (;;) {
        const std::size_t line = coded.find("\r\n");
        const std::size_t size =
            line == std::string_view::npos ? 0 : std::stoul(std::string(coded.substr(0, line)), nullptr, 16);
        if (size == 0) {
            return coded == "0\r\n\r\n" ? text : "";
        }
        text += coded.substr(line + 2, size);
        if (coded.substr(line + 2 + size, 2) != "\r\n") {
            return "";
        }
        coded.remove_prefix(line + 4 + size);
    }
}

} // namespace

TEST_CASE("a body of known length is produced while it is sent", "[http][https_transport][upload]") {
    const std::size_t size =
        GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{16'000}, std::size_t{100'000});
    const std::size_t at_a_time = GENERATE(std::size_t{7'777}, std::size_t{1'000'000});
    MemoryWorld world(1);
    world.scripts[0]->replies.push_back(reply({good_reply}));
    Produced produced;
    Exchanged put("PUT");
    put.request.producer = giving(produced, counting(size), at_a_time);
    put.request.producer.length = size;
    REQUIRE(world.finish(put).ok());
    CHECK_THAT(world.scripts[0]->received,
               ContainsSubstring("\r\nContent-Length: " + std::to_string(size) + "\r\n"));
    CHECK(body_of(world.scripts[0]->received) == counting(size));
    CHECK_FALSE(world.scripts[0]->closed); // it can carry another exchange
}

TEST_CASE("a body of unknown length goes in chunks", "[http][https_transport][upload]") {
    const std::size_t size =
        GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{16'000}, std::size_t{100'000});
    MemoryWorld world(1);
    world.scripts[0]->replies.push_back(reply({good_reply}));
    Produced produced;
    Exchanged put("PUT");
    put.request.producer = giving(produced, counting(size), 5'000);
    REQUIRE(world.finish(put).ok());
    CHECK_THAT(world.scripts[0]->received, ContainsSubstring("\r\nTransfer-Encoding: chunked\r\n") &&
                                               !ContainsSubstring("Content-Length"));
    CHECK(unchunked(body_of(world.scripts[0]->received)) == counting(size));
    CHECK(world.scripts[0]->requests == 1);
    CHECK_FALSE(world.scripts[0]->closed);
}

TEST_CASE("a body is begun anew for every time that it is sent", "[http][https_transport][upload]") {
    MemoryWorld world(2);
    world.scripts[0]->replies.push_back(reply({good_reply}));
    world.scripts[0]->replies.push_back(nothing_but(Then::reset));
    world.scripts[1]->replies.push_back(reply({good_reply}));
    Exchanged warm_up;
    REQUIRE(world.finish(warm_up).ok());
    Produced produced;
    Exchanged put("PUT");
    put.request.producer = giving(produced, counting(50'000));
    REQUIRE(world.finish(put).ok());
    CHECK(put.call.resends == 1);
    CHECK(produced.opened == 2);
    CHECK(unchunked(body_of(world.scripts[1]->received)) == counting(50'000));
}

TEST_CASE("a producer that fails before its first byte: never sent", "[http][https_transport][upload]") {
    MemoryWorld world(1);
    Produced produced;
    Exchanged post("POST");
    post.request.producer = giving(produced, "abc", 1, 0);

    SECTION("in its reader") {}
    SECTION("when it begins") {
        post.request.producer.open = []() -> BodyReader { throw std::runtime_error("the file is gone"); };
    }
    SECTION("without giving what it announced") {
        post.request.producer = giving(produced, "");
        post.request.producer.length = 3;
    }
    CHECK(world.finish(post).kind() == FailureKind::exception);
    CHECK(post.reach() == Reach::never_sent);
    CHECK_THAT(post.message(), ContainsSubstring("gone") || ContainsSubstring("3 bytes before"));
    CHECK(world.scripts[0]->received.empty());
}

TEST_CASE("a producer that fails later: the server has seen a part, and no whole request",
          "[http][https_transport][upload]") {
    MemoryWorld world(1);
    Produced produced;
    Exchanged post("POST");

    SECTION("by throwing") {
        post.request.producer = giving(produced, counting(50'000), 1'000'000, 20'000);
    }
    SECTION("by ending before its length") {
        post.request.producer = giving(produced, counting(50'000));
        post.request.producer.length = 50'001;
    }
    SECTION("by throwing what is no exception") {
        post.request.producer.open = [] {
            return [first = true](std::span<char> /*into*/) mutable -> std::size_t {
                if (!std::exchange(first, false)) {
                    throw 7; // NOLINT(hicpp-exception-baseclass): users do
                }
                return 1;
            };
        };
    }
    CHECK(world.finish(post).kind() == FailureKind::exception);
    CHECK(post.reach() == Reach::maybe_processed);
    CHECK(world.scripts[0]->requests == 0);
    CHECK(world.scripts[0]->closed);
    CHECK_FALSE(world.scripts[0]->said_goodbye);
}

TEST_CASE("no more is asked for than was announced", "[http][https_transport][upload]") {
    MemoryWorld world(1);
    world.scripts[0]->replies.push_back(reply({good_reply}));
    Produced produced;
    Exchanged put("PUT");
    put.request.producer = giving(produced, counting(9'000));
    put.request.producer.length = 5'000;
    REQUIRE(world.finish(put).ok());
    CHECK(body_of(world.scripts[0]->received) == counting(5'000));
}

TEST_CASE("a reader that says that it gave more than there was room for is refused",
          "[http][https_transport][upload]") {
    MemoryWorld world(1);
    Exchanged put("PUT");
    put.request.producer.open = [] { return [](std::span<char> into) { return into.size() + 1; }; };
    CHECK(world.finish(put).kind() == FailureKind::exception);
    CHECK(put.reach() == Reach::never_sent);
}

TEST_CASE("an early reply stops a producer, one without end too", "[http][https_transport][upload]") {
    MemoryWorld world(1);
    MemoryScript& script = *world.scripts[0];
    MemoryReply early = reply({"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"});
    early.after_bytes = 100'000;
    script.replies.push_back(early);
    int asked = 0;
    Exchanged post("POST");
    post.request.producer.open = [&asked] {
        return [&asked](std::span<char> into) {
            ++asked;
            std::fill(into.begin(), into.end(), 'x');
            return into.size();
        };
    };
    REQUIRE(world.finish(post).ok());
    CHECK(post.response().status() == 413);
    CHECK(asked < 100);
    CHECK(script.closed);
}

TEST_CASE("a reply that waits behind a produced body's broken write is read",
          "[http][https_transport][upload]") {
    MemoryWorld world(1);
    MemoryScript& script = *world.scripts[0];
    script.break_writes_after = 20'000;
    script.write_window = 20'000;
    MemoryReply early = reply({"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n"});
    early.after_bytes = 20'000;
    script.replies.push_back(early);
    Produced produced;
    Exchanged post("POST");
    post.request.producer = giving(produced, counting(100'000));
    REQUIRE(world.finish(post).ok());
    CHECK(post.response().status() == 401);
    CHECK(produced.given < 50'000);
    CHECK(script.closed);
}

TEST_CASE("a request has one body", "[http][https_transport][upload]") {
    MemoryWorld world(1);
    Produced produced;
    Exchanged post("POST");
    post.request.body = "x";
    post.request.producer = giving(produced, "y");
    CHECK(world.finish(post).kind() == FailureKind::invalid_request);
    CHECK(produced.opened == 0);
}
