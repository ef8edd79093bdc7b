#include "http/reply_parser.hpp"

#include "http/reply_reading.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <string_view>

using namespace backstay;
using namespace backstay::testing_replies;
using namespace std::chrono_literals;

namespace {

/// Reads the reply whole and by the byte: both must agree. The stream stays open.
Reading read_open(std::string_view bytes, std::string_view method = "GET", const ReplyLimits& limits = {}) {
    const Reading whole = read_reply({bytes}, method, false, limits);
    const Reading split = read_reply(in_pieces(bytes, 1), method, false, limits);
    CHECK(whole.verdict == split.verdict);
    CHECK(whole.text == split.text);
    CHECK(whole.message == split.message);
    return whole;
}

std::string repeated(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string ok_chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
const std::string ok_empty = ok + "Content-Length: 0\r\n\r\n";

} // namespace

TEST_CASE("a reply is handed over with all its parts", "[http][reply_parser]") {
    const Reading reading = read_open("HTTP/1.1 418 I'm a teapot\r\nA: 1\r\na:  two words \t\r\nEmpty:\r\n"
                                      "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
                                      "2\r\n\x1f\x8b\r\n0\r\nDigest: x\r\n\r\n");
    CHECK(reading.verdict == "accept");
    CHECK(reading.parts.status == 418);
    CHECK(reading.parts.reason == "I'm a teapot");
    REQUIRE(reading.parts.fields.size() == 5);
    CHECK(reading.text == "418|I'm a teapot|A=1;a=two words;Empty=;Content-Encoding=gzip;"
                          "Transfer-Encoding=chunked;|\x1f\x8b|Digest=x;");
}

TEST_CASE("a missing reason is fine, with its blank and without", "[http][reply_parser]") {
    CHECK(read_open("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").verdict == "accept");
    CHECK(read_open("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").verdict == "accept");
}

TEST_CASE("a wrong status line is refused at its first wrong byte", "[http][reply_parser]") {
    for (const char* start :
         {"G", "\r", "\n", " ", "\x15", "HTTP/2", "HTTP/0", "HTTP/1.2", "http", "HTTP/1.1\r", "HTTP/1.1  ",
          "HTTP/1.1 0", "HTTP/1.1 20 ", "HTTP/1.1 2000", "HTTP/1.1 200-", "HTTP/1.1 200 a\nb",
          "HTTP/1.1 200 a\rb", "HTTP/1.1 200 a\x01"}) {
        INFO(start);
        const Reading reading = read_open(start);
        CHECK(reading.verdict == "reject");
        CHECK(reading.text == "protocol_error");
    }
}

TEST_CASE("a wrong byte in a field is refused without waiting for more", "[http][reply_parser]") {
    for (const char* line :
         {":", " ", "\t", "a b", "a\r", "a:b\n", "a:b\rc", "a:\x01", "a:\x7f", "a\x80", "(", "a :"}) {
        INFO(line);
        CHECK(read_open(ok + line).text == "protocol_error");
        CHECK(read_open(ok_chunked + "0\r\n" + line).text == "protocol_error");
    }
}

TEST_CASE("a folded field becomes one line", "[http][reply_parser]") {
    const Reading reading =
        read_open(ok + "X: a\r\n \t b\r\n\tc\r\nY:\r\n z\r\nZ: w\r\n \r\nContent-Length: 0\r\n\r\n");
    CHECK(reading.text == "200|OK|X=a b c;Y=z;Z=w;Content-Length=0;||");
}

TEST_CASE("a folded framing field is refused at the fold", "[http][reply_parser]") {
    CHECK_THAT(read_open(ok + "transfer-encoding: chunked\r\n ").message, ContainsSubstring("folded"));
    CHECK_THAT(read_open(ok + "CONTENT-LENGTH: 3\r\n\t").message, ContainsSubstring("folded"));
    CHECK_THAT(read_open(ok + " X: a\r\n").message, ContainsSubstring("before the first field"));
    CHECK_THAT(read_open(ok_chunked + "0\r\n X: a\r\n").message, ContainsSubstring("before the first field"));
}

TEST_CASE("a Transfer-Encoding must be exactly one chunked", "[http][reply_parser]") {
    for (const char* coding : {"gzip", "identity", "chunked, chunked", "gzip, chunked", "chunked, gzip",
                               "chunked;a=b", "\"chunked\"", "xchunked", "chunked,", ""}) {
        INFO(coding);
        CHECK(read_open(ok + "Transfer-Encoding: " + coding + "\r\n\r\n").text == "protocol_error");
    }
    CHECK(read_open(ok + "TRANSFER-ENCODING: \t CHUNKED \r\n\r\n0\r\n\r\n").verdict == "accept");
}

TEST_CASE("a Content-Length must be one number of bytes", "[http][reply_parser]") {
    for (const char* length : {"", "+1", "-1", "0x1", "1 1", "1,1", "1.0", "1e1", "9223372036854775808",
                               "18446744073709551616", "99999999999999999999999"}) {
        INFO(length);
        CHECK(read_open(ok + "Content-Length: " + length + "\r\n\r\n", "HEAD").text == "protocol_error");
    }
    CHECK(read_open(ok + "Content-Length: 9223372036854775807\r\n\r\n", "HEAD").verdict == "accept");
    CHECK(read_open(ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n").text == "protocol_error");
}

TEST_CASE("HEAD, 204 and 304 have no body whatever the head says", "[http][reply_parser]") {
    for (const char* field : {"Content-Length: 5", "Transfer-Encoding: chunked", "X: y"}) {
        const std::string rest = std::string("\r\n") + field + "\r\n\r\n";
        INFO(field);
        CHECK(read_open("HTTP/1.1 200 OK" + rest, "HEAD").verdict == "accept");
        CHECK(read_open("HTTP/1.1 503 OK" + rest, "HEAD").verdict == "accept");
        CHECK(read_open("HTTP/1.1 204 OK" + rest).verdict == "accept");
        CHECK(read_open("HTTP/1.1 304 OK" + rest).verdict == "accept");
        CHECK(read_open("HTTP/1.1 204 OK" + rest + "hello").verdict == "accept_no_reuse");
    }
    CHECK(read_open(ok + "Content-Length: 5\r\n\r\n", "head").verdict == "open"); // methods have a case
}

TEST_CASE("informational replies are skipped, at most eight", "[http][reply_parser]") {
    const std::string hints =
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\n";
    CHECK(read_open(repeated(hints, 8) + ok_empty).text == "200|OK|Content-Length=0;||");
    CHECK(read_open(repeated(hints, 8) + ok_empty).verdict == "accept");
    CHECK_THAT(read_open(repeated(hints, 9)).message, ContainsSubstring("more than 8 informational"));
    CHECK(read_reply({hints}).verdict == "truncated");
}

TEST_CASE("switching protocols unasked is refused", "[http][reply_parser]") {
    const Reading reading =
        read_open("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
    CHECK(reading.text == "protocol_error");
    CHECK_THAT(reading.message, ContainsSubstring("unasked"));
    // an offer to switch is none
    CHECK(read_open(ok + "Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nhi").verdict ==
          "accept");
}

TEST_CASE("the head's limit counts informational heads too", "[http][reply_parser]") {
    const std::string hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
    const ReplyLimits exact{.head_bytes = 2 * hints.size() + ok_empty.size()};
    const ReplyLimits short_by_one{.head_bytes = exact.head_bytes - 1};
    CHECK(read_open(hints + hints + ok_empty, "GET", exact).verdict == "accept");
    CHECK(read_open(hints + hints + ok_empty, "GET", short_by_one).text == "head_too_large");
    CHECK(read_open(ok + "X: " + std::string(70'000, 'a')).text == "head_too_large");
}

TEST_CASE("the number of fields is limited, over informational replies and trailers",
          "[http][reply_parser]") {
    const std::string fields = repeated("a: b\r\n", 255);
    CHECK(read_open(ok + fields + "Content-Length: 0\r\n\r\n").verdict == "accept");
    CHECK(read_open(ok + fields + "a: b\r\nC").text == "head_too_large");
    CHECK(read_open("HTTP/1.1 103 Early Hints\r\n" + fields + "\r\n" + ok + "a: b\r\nC").text ==
          "head_too_large");
    CHECK(read_open(ok_chunked + "0\r\n" + fields + "a").text == "head_too_large");
}

TEST_CASE("trailers have their own limit of bytes", "[http][reply_parser]") {
    const std::string start = ok_chunked + "0\r\n";
    const std::string trailer = "T: " + std::string(91, 't') + "\r\n"; // 96 bytes
    const ReplyLimits limits{.trailer_bytes = 98};
    CHECK(read_open(start + trailer + "\r\n", "GET", limits).verdict == "accept");
    CHECK(read_open(start + "T" + trailer + "\r\n", "GET", limits).text == "head_too_large");
    CHECK(read_open(start + "T: " + std::string(17'000, 't')).text == "head_too_large");
}

TEST_CASE("framing fields in trailers are refused", "[http][reply_parser]") {
    CHECK(read_open(ok_chunked + "0\r\nContent-Length: 9\r\n\r\n").text == "protocol_error");
    CHECK(read_open(ok_chunked + "0\r\ntransfer-encoding: chunked\r\n\r\n").text == "protocol_error");
}

TEST_CASE("chunk extensions are skipped and limited over all chunks", "[http][reply_parser]") {
    CHECK(read_open(ok_chunked + "1;a\r\nx\r\n1;b=\"c;d\"\r\ny\r\n0;e\r\n\r\n").parts.body == "xy");
    const ReplyLimits limits{.chunk_extension_bytes = 8}; // four times `;a`
    CHECK(read_open(ok_chunked + repeated("1;a\r\nx\r\n", 4) + "0\r\n\r\n", "GET", limits).verdict ==
          "accept");
    CHECK(read_open(ok_chunked + repeated("1;a\r\nx\r\n", 4) + "1;", "GET", limits).text == "protocol_error");
}

TEST_CASE("a good chunk extension is skipped, though llhttp 8.1 would refuse it", "[http][reply_parser]") {
    for (const char* extension : {";a=b;c", ";a=b;c=d;e=f", "; a", ";a = b", ";a=\"q\\\"r\""}) {
        INFO(extension);
        CHECK(read_open(ok_chunked + "1" + extension + "\r\nx\r\n0\r\n\r\n").parts.body == "x");
    }
}

TEST_CASE("a malformed chunk is refused at its first wrong byte", "[http][reply_parser]") {
    for (const char* chunk :
         {"\r", ";", "g", " 1", "1 ", "1\n", "1\rx", "+1", "-1", "0x", "1;a\n", "1;a\x01", "1;a\rb",
          "00000000000000001", "10000000000000000", "1\r\nxy", "1\r\nx\n", "1\r\nx\rY"}) {
        INFO(chunk);
        CHECK(read_open(ok_chunked + chunk).text == "protocol_error");
    }
    CHECK(read_open(ok_chunked + "ffffffffffffffff\r\n").text == "body_too_large");
    CHECK(read_open(ok_chunked + "0000000000000001\r\nx\r\n000\r\n\r\n").parts.body == "x");
}

TEST_CASE("a body over its limit is refused before it is read", "[http][reply_parser]") {
    const ReplyLimits limits{.body_bytes = 5};
    CHECK(read_open(ok + "Content-Length: 5\r\n\r\nhello", "GET", limits).verdict == "accept");
    CHECK(read_open(ok + "Content-Length: 6\r\n\r\n", "GET", limits).text == "body_too_large");
    CHECK(read_open(ok + "Content-Length: 6\r\n\r\n", "HEAD", limits).verdict == "accept");
    CHECK(read_open(ok_chunked + "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "GET", limits).verdict == "accept");
    CHECK(read_open(ok_chunked + "2\r\nhe\r\n4\r\n", "GET", limits).text == "body_too_large");
    CHECK(read_reply({ok + "\r\n", "hello"}, "GET", true, limits).parts.body == "hello");
    CHECK(read_open(ok + "\r\nhello!", "GET", limits).text == "body_too_large");
    CHECK(read_open(ok_empty, "GET", {.body_bytes = 0}).verdict == "accept");
    CHECK(read_open(ok + "\r\nx", "GET", {.body_bytes = 0}).text == "body_too_large");
}

TEST_CASE("a large body arrives whole", "[http][reply_parser]") {
    const std::string body(3'000'000, 'b');
    const std::string bytes = ok + "Content-Length: 3000000\r\n\r\n" + body;
    CHECK(read_reply(in_pieces(bytes, 16'384)).parts.body == body);
    const std::string chunked = ok_chunked + "2dc6c0\r\n" + body + "\r\n0\r\n\r\n";
    CHECK(read_reply(in_pieces(chunked, 16'384)).parts.body == body);
}

TEST_CASE("whether the connection may be used again", "[http][reply_parser]") {
    const auto verdict = [](std::string_view version, std::string_view field) {
        return read_open(std::string(version) + " 200 OK\r\n" + std::string(field) +
                         "\r\nContent-Length: 0\r\n\r\n")
            .verdict;
    };
    CHECK(verdict("HTTP/1.1", "X: y") == "accept");
    CHECK(verdict("HTTP/1.1", "Connection: close") == "accept_no_reuse");
    CHECK(verdict("HTTP/1.1", "connection: Foo, CLOSE") == "accept_no_reuse");
    CHECK(verdict("HTTP/1.1", "Connection: keep-alive") == "accept");
    CHECK(verdict("HTTP/1.0", "X: y") == "accept_no_reuse");
    CHECK(verdict("HTTP/1.0", "Connection: keep-alive") == "accept");
    CHECK(read_open(ok_empty + "H").verdict == "accept_no_reuse");
}

TEST_CASE("bytes behind the reply are not consumed", "[http][reply_parser]") {
    for (const std::string& reply :
         {ok_empty, ok_chunked + "1\r\nx\r\n0\r\n\r\n", ok_chunked + "0\r\nT: u\r\n\r\n"}) {
        ReplyParser parser("GET", {});
        std::size_t consumed = 0;
        CHECK(parser.feed(reply + ok_empty, consumed) == ReplyParser::Step::done);
        CHECK(consumed == reply.size());
        CHECK(parser.feed(ok_empty, consumed) == ReplyParser::Step::done);
        CHECK(consumed == 0);
    }
}

TEST_CASE("how long a server keeps an idle connection", "[http][reply_parser]") {
    const auto timeout = [](std::string_view value) {
        ReplyParser parser("GET", {});
        std::size_t consumed = 0;
        parser.feed(ok + "Keep-Alive: " + std::string(value) + "\r\nContent-Length: 0\r\n\r\n", consumed);
        return parser.keep_alive_timeout();
    };
    CHECK(timeout("timeout=5, max=100") == 5s);
    CHECK(timeout("max=100, Timeout = 0") == 0s);
    CHECK(timeout("timeout=9999999999") == 9'999'999'999s);
    CHECK_FALSE(timeout("timeout=-5"));
    CHECK_FALSE(timeout("timeout=\"5\""));
    CHECK_FALSE(timeout("timeout"));
    CHECK_FALSE(timeout("max=5"));
    CHECK_FALSE(timeout(""));
}

TEST_CASE("the end of the stream", "[http][reply_parser]") {
    SECTION("before any byte is a lost connection") {
        ReplyParser parser("GET", {});
        CHECK_FALSE(parser.started());
        CHECK(parser.finish() == ReplyParser::Step::failed);
        CHECK(parser.fault().kind == FailureKind::connection_lost);
    }
    SECTION("after the first byte is a truncated reply") {
        ReplyParser parser("GET", {});
        std::size_t consumed = 0;
        parser.feed("H", consumed);
        CHECK(parser.started());
        CHECK(parser.finish() == ReplyParser::Step::failed);
        CHECK(parser.fault().kind == FailureKind::truncated);
    }
    SECTION("ends a close-delimited body, of length zero too") {
        CHECK(read_reply({ok + "\r\n"}).text == "200|OK|||");
        CHECK(read_reply({ok + "\r\n", "abc"}).verdict == "accept_no_reuse");
        CHECK(read_reply({"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"}).verdict == "accept_no_reuse");
    }
    SECTION("changes nothing after a verdict") {
        ReplyParser parser("GET", {});
        std::size_t consumed = 0;
        parser.feed(ok_empty, consumed);
        CHECK(parser.finish() == ReplyParser::Step::done);
        CHECK(parser.reusable());
    }
}
