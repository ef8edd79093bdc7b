#pragma once

#include "http/reply_parser.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::testing_replies {

/// What came of feeding a reply.
struct Reading {
    std::string verdict;     ///< accept, accept_no_reuse, reject, truncated, closed_before_response, open
    std::string text;        ///< all that a caller can see of it, in one string
    std::string message{};   ///< of the fault
    ResponseParts parts{};   ///< when it was accepted
    bool needed_end = false; ///< nothing was decided before the stream ended
};

inline std::string text_of(const ResponseParts& parts) {
    std::string text = std::to_string(parts.status) + '|' + parts.reason + '|';
    for (const Field& field : parts.fields) {
        text += field.name + '=' + field.value + ';';
    }
    text += '|' + parts.body + '|';
    for (const Field& field : parts.trailers) {
        text += field.name + '=' + field.value + ';';
    }
    return text;
}

/// Feeds the pieces one after the other until the parser has decided, then ends the stream if asked to.
inline Reading read_reply(const std::vector<std::string_view>& pieces, std::string_view method = "GET",
                          bool then_close = true, const ReplyLimits& limits = {}) {
    ReplyParser parser(method, limits);
    bool surplus = false;
    for (const std::string_view piece : pieces) {
        std::size_t consumed = 0;
        if (parser.step() == ReplyParser::Step::need_more) {
            parser.feed(piece, consumed);
        }
        surplus = surplus || consumed < piece.size();
    }
    Reading reading;
    reading.needed_end = parser.step() == ReplyParser::Step::need_more;
    if (reading.needed_end && then_close) {
        parser.finish();
    }
    switch (parser.step()) {
    case ReplyParser::Step::need_more:
        reading.verdict = "open";
        break;
    case ReplyParser::Step::done:
        reading.verdict = parser.reusable() && !surplus ? "accept" : "accept_no_reuse";
        reading.parts = parser.take();
        reading.text = text_of(reading.parts);
        break;
    case ReplyParser::Step::failed:
        reading.text = to_string(parser.fault().kind);
        reading.message = parser.fault().message;
        reading.verdict = parser.fault().kind == FailureKind::truncated         ? "truncated"
                          : parser.fault().kind == FailureKind::connection_lost ? "closed_before_response"
                                                                                : "reject";
        break;
    }
    return reading;
}

inline std::vector<std::string_view> in_pieces(std::string_view bytes, std::size_t size) {
    std::vector<std::string_view> pieces;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
        pieces.push_back(bytes.substr(0, size));
    }
    return pieces;
}

struct NamedReply {
    std::string_view name;
    std::string_view method;
    std::string_view bytes;
    std::string_view verdict;
};

/// One reply of every shape that the transport meets.
inline const std::vector<NamedReply>& reference_replies() {
    static const std::vector<NamedReply> replies = {
        {"content-length", "GET",
         "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: "
         "11\r\n\r\n{\"id\":\"42\"}",
         "accept"},
        {"chunked", "GET",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\nhello\r\n1;q=\"a b\"\r\n,\r\n00A\r\n wide worl\r\n1\r\nd\r\n0\r\n\r\n",
         "accept"},
        {"chunked with trailer", "GET",
         "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\nTrailer: Digest\r\n\r\n"
         "3\r\nabc\r\n0\r\nDigest: x\r\n y\r\nEmpty:\r\n\r\n",
         "accept"},
        {"close-delimited", "GET", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end",
         "accept_no_reuse"},
        {"204", "DELETE", "HTTP/1.1 204 No Content\r\nX-Request-Id: 7\r\n\r\n", "accept"},
        {"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n", "accept"},
        {"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n", "accept"},
        {"100 then 200", "POST",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: a\r\n\tb\r\nContent-Length: 3\r\n\r\nabc",
         "accept"},
        {"503 with Retry-After", "GET",
         "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 45\r\nConnection: close\r\nContent-Length: "
         "2\r\n\r\n{}",
         "accept_no_reuse"},
    };
    return replies;
}

} // namespace backstay::testing_replies
