#include "faults/kit/reference_reply.hpp"

#include <stdexcept>

namespace backstay::test {

namespace {

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\n";
constexpr std::string_view chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";

std::string nothing(const std::string& /*nonce*/) {
    return {};
}

std::string three_chunks(const std::string& nonce) {
    const std::string text = echo(nonce);
    return "9\r\n" + text.substr(0, 9) + "\r\n9\r\n" + text.substr(9, 9) + "\r\n9\r\n" + text.substr(18) +
           "\r\n0\r\n\r\n";
}

std::string chunk_with_extension(const std::string& nonce) {
    return "01B;a=b;c=\"d;e\"\r\n" + echo(nonce) + "\r\n0;last\r\n\r\n";
}

std::string chunk_and_trailer(const std::string& nonce) {
    return "1b\r\n" + echo(nonce) + "\r\n0\r\nX-Sum: " + nonce + "\r\n\r\n";
}

} // namespace

std::string echo(const std::string& nonce) {
    return "hello " + nonce + ", all is well"; // 27 bytes
}

const std::array<ReferenceReply, 9>& reference_replies() {
    static const std::array<ReferenceReply, 9> replies{{
        {"Content-Length", 200, "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n", echo},
        {"three chunks", 200, chunked, three_chunks},
        {"chunk with trailer", 200, chunked, chunk_and_trailer, true, false, false, true},
        {"close-delimited", 200, ok, echo, true, false, true},
        {"204", 204, "HTTP/1.1 204 No Content\r\n", nothing, false},
        {"304", 304, "HTTP/1.1 304 Not Modified\r\nContent-Length: 27\r\nETag: \"e\"\r\n", nothing, false},
        {"HEAD", 200, "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n", nothing, false, true},
        {"100, then 200", 200,
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
         chunk_with_extension},
        {"503 with Retry-After", 503,
         "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 27\r\n", echo},
    }};
    return replies;
}

std::string ReferenceReply::bytes(const std::string& nonce) const {
    constexpr std::string_view pad = "X-Pad: ";
    constexpr std::string_view head_end = "\r\n\r\n";
    std::string made = std::string(head) + "X-Call: " + nonce + "\r\n" + std::string(pad);
    const std::string after = body(nonce);
    const std::size_t used = made.size() + head_end.size() + after.size();
    if (nonce.size() != nonce_bytes || used >= reference_bytes) {
        throw std::logic_error("the reply '" + std::string(name) + "' does not fit");
    }
    return made.append(reference_bytes - used, 'p').append(head_end).append(after);
}

std::size_t ReferenceReply::head_bytes() const {
    return reference_bytes - body(std::string(nonce_bytes, 'n')).size();
}

std::size_t ReferenceReply::body_bytes() const {
    return has_body ? echo(std::string(nonce_bytes, 'n')).size() : 0;
}

std::string plain_reply(const std::string& nonce) {
    return "HTTP/1.1 200 OK\r\nX-Call: " + nonce + "\r\nContent-Length: 27\r\n\r\n" + echo(nonce);
}

} // namespace backstay::test
