#include "http/reply_parser.hpp"

#include "http/gzip.hpp"
#include "http/reply_reading.hpp"
#include "support/catch.hpp"

#include <string>

using namespace backstay;
using namespace backstay::test;
using namespace backstay::testing_replies;

namespace {

const std::string text = "{\"id\":1,\"name\":\"one\",\"note\":\"one and one and one\"}";

ReplyLimits decoding() {
    ReplyLimits limits;
    limits.gzip_ratio = 100;
    return limits;
}

/// Reads the reply whole, by the byte, and in 20-byte pieces: all must agree.
Reading read(const std::string& bytes, const ReplyLimits& limits = decoding(), bool then_close = true,
             std::string_view method = "GET") {
    Reading whole = read_reply({bytes}, method, then_close, limits);
    for (const std::size_t size : {std::size_t{1}, std::size_t{20}}) {
        const Reading split = read_reply(in_pieces(bytes, size), method, then_close, limits);
        CHECK(split.verdict == whole.verdict);
        CHECK(split.text == whole.text);
        CHECK(split.message == whole.message);
    }
    return whole;
}

std::string sized(const std::string& coding, const std::string& body) {
    return "HTTP/1.1 200 OK\r\nETag: \"a\"\r\n" + coding + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string chunked(const std::string& body) {
    std::string reply = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string_view piece : in_pieces(body, 7)) {
        reply += std::to_string(piece.size()) + "\r\n" + std::string(piece) + "\r\n";
    }
    return reply + "0\r\n\r\n";
}

const std::string gzip_field = "Content-Encoding: gzip\r\n";

} // namespace

TEST_CASE("a coded body is decoded, however it is delimited", "[http][reply_parser][gzip]") {
    const std::string body = gzip(text);
    const Reading by_length = read(sized(gzip_field, body), decoding(), false);
    CHECK(by_length.verdict == "accept");
    CHECK(by_length.parts.body == text);
    const Reading by_chunks = read(chunked(body), decoding(), false);
    CHECK(by_chunks.verdict == "accept");
    CHECK(by_chunks.parts.body == text);
    const Reading by_close = read("HTTP/1.1 200 OK\r\ncontent-encoding: X-GZip\r\n\r\n" + body);
    CHECK(by_close.verdict == "accept_no_reuse");
    CHECK(by_close.parts.body == text);
}

TEST_CASE("the fields that spoke of the coded body are gone, the others stay", "[http][reply_parser][gzip]") {
    const Reading reading = read(sized(gzip_field, gzip(text)));
    CHECK_FALSE(reading.parts.fields.has("Content-Encoding"));
    CHECK_FALSE(reading.parts.fields.has("Content-Length"));
    CHECK(reading.parts.fields.has("ETag"));
    const Reading plain = read(sized("Content-Encoding: identity\r\n", text));
    CHECK(plain.parts.body == text);
    CHECK(plain.parts.fields.has("Content-Length"));
}

TEST_CASE("a coding that was not asked for is refused, also twice the same", "[http][reply_parser][gzip]") {
    for (const char* coding : {"br", "deflate", "gzip, gzip", "gzip,br", "", "gzip;q=1"}) {
        INFO(coding);
        const Reading reading =
            read(sized("Content-Encoding: " + std::string(coding) + "\r\n", gzip(text)), decoding(), false);
        CHECK(reading.verdict == "reject");
        CHECK(reading.text == "protocol_error");
    }
    CHECK(read(sized(gzip_field + gzip_field, gzip(text)), decoding(), false).verdict == "reject");
}

TEST_CASE("a coded body that was not asked for is handed on as it is", "[http][reply_parser][gzip]") {
    const std::string body = gzip(text);
    const Reading reading = read(sized(gzip_field, body), ReplyLimits());
    CHECK(reading.parts.body == body);
    CHECK(reading.parts.fields.has("Content-Encoding"));
    CHECK(read(sized("Content-Encoding: br\r\n", "x"), ReplyLimits()).verdict == "accept");
}

TEST_CASE("where there is no body, nothing is decoded", "[http][reply_parser][gzip]") {
    const Reading head = read("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n",
                              decoding(), false, "HEAD");
    CHECK(head.verdict == "accept");
    CHECK(head.parts.fields.has("Content-Encoding"));
    CHECK(read("HTTP/1.1 304 Not Modified\r\nContent-Encoding: br\r\n\r\n").verdict == "accept");
    CHECK(read(sized(gzip_field, "")).verdict == "accept");
}

TEST_CASE("truncated gzip is truncated, though its framing is whole", "[http][reply_parser][gzip]") {
    const std::string body = gzip(text);
    const std::string part = body.substr(0, body.size() - 1);
    CHECK(read(sized(gzip_field, part), decoding(), false).verdict == "truncated");
    CHECK(read(chunked(part), decoding(), false).verdict == "truncated");
    CHECK(read(chunked(""), decoding(), false).verdict == "truncated");
    CHECK(read("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + part).verdict == "truncated");
    CHECK(read("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n").verdict == "truncated");
}

TEST_CASE("bytes behind the gzip data are refused", "[http][reply_parser][gzip]") {
    CHECK(read(sized(gzip_field, gzip(text) + "x"), decoding(), false).text == "protocol_error");
    CHECK(read(chunked(gzip(text) + "x"), decoding(), false).text == "protocol_error");
}

TEST_CASE("the body's limit holds for what comes and for what it becomes", "[http][reply_parser][gzip]") {
    const std::string body = gzip(text);
    ReplyLimits limits = decoding();
    limits.body_bytes = text.size();
    CHECK(read(sized(gzip_field, body), limits, false).verdict ==
          (body.size() <= text.size() ? "accept" : "reject"));
    const std::string large(1'000, 'a');
    limits.body_bytes = 999;
    CHECK(read(sized(gzip_field, gzip(large)), limits, false).text == "body_too_large");
    limits.body_bytes = 1'000;
    CHECK(read(sized(gzip_field, gzip(large)), limits, false).verdict == "accept");
    limits.body_bytes = gzip(large).size() - 1;
    CHECK(read(chunked(gzip(large)), limits, false).text == "body_too_large");
}
