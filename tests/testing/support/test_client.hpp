#pragma once

#include <backstay/testing/sandbox.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace backstay::test {

/// A reply as a plain client sees it.
struct WireReply {
    int status = 0;
    std::string head{};
    std::string body{};

    /// Finds a field's value in the head, spelled as the server does; empty when it is not there.
    [[nodiscard]] std::string field(const std::string& name) const {
        const std::size_t at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) {
            return {};
        }
        const std::size_t begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
};

/// A blocking client that knows just enough of HTTP to read whole replies, and hands out raw bytes otherwise.
class Client {
public:
    explicit Client(const Sandbox& sandbox) : Client(sandbox.port(), sandbox.ca_pem()) {}

    /// An empty `ca_pem` is plain TCP, as far as `handshake` is concerned.
    Client(std::uint16_t port, const std::string& ca_pem) {
        connect(port);
        if (!ca_pem.empty()) {
            trust(ca_pem);
            handshake();
        }
    }

    /// Connects and speaks no TLS.
    static Client bare(const Sandbox& sandbox) { return Client(sandbox.port(), {}); }

    /// Returns what went wrong with the handshake that the constructor made.
    [[nodiscard]] std::error_code handshake_error() const { return handshake_error_; }

    void send(std::string_view bytes) {
        if (tls_) {
            asio::write(*tls_, asio::buffer(bytes.data(), bytes.size()), error_);
        } else {
            asio::write(*socket_, asio::buffer(bytes.data(), bytes.size()), error_);
        }
    }

    /// Reads until `size` bytes are there or nothing more comes, and takes them.
    std::string read(std::size_t size) {
        while (unread_.size() < size && receive()) {
        }
        return take(std::min(size, unread_.size()));
    }

    /// Reads until the other side ends it; `error` then says how.
    std::string read_all() {
        while (receive()) {
        }
        return take(unread_.size());
    }

    /// How the connection ended: `asio::error::eof` after a close_notify (or a plain FIN).
    [[nodiscard]] std::error_code error() const { return error_; }

    WireReply reply(bool to_head = false) {
        WireReply got;
        while (unread_.find("\r\n\r\n") == std::string::npos) {
            if (!receive()) {
                return got;
            }
        }
        got.head = take(unread_.find("\r\n\r\n") + 4);
        got.status = std::atoi(got.head.c_str() + 9);
        if (to_head) {
            return got;
        }
        if (got.field("Transfer-Encoding") == "chunked") {
            got.body = read_chunks();
        } else if (const std::string length = got.field("Content-Length"); !length.empty()) {
            got.body = read(std::stoul(length));
        }
        return got;
    }

    /// Sends a request and reads its reply.
    WireReply ask(const std::string& method, const std::string& target, const std::string& body = {},
                  const std::string& fields = {}) {
        send(request(method, target, body, fields));
        return reply(method == "HEAD");
    }

    static std::string request(const std::string& method, const std::string& target,
                               const std::string& body = {}, const std::string& fields = {}) {
        return method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
               (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" +
               body;
    }

    [[nodiscard]] asio::ssl::stream<asio::ip::tcp::socket&>* tls() { return tls_ ? &*tls_ : nullptr; }
    asio::ip::tcp::socket& socket() { return *socket_; }

private:
    void connect(std::uint16_t port) {
        socket_.emplace(*context_);
        socket_->connect({asio::ip::make_address("127.0.0.1"), port}, error_);
    }

    void trust(const std::string& ca_pem) {
        tls_context_->add_certificate_authority(asio::buffer(ca_pem));
        tls_context_->set_verify_mode(asio::ssl::verify_peer);
        tls_.emplace(*socket_, *tls_context_);
    }

    void handshake() { tls_->handshake(asio::ssl::stream_base::client, handshake_error_); }

    bool receive() {
        std::array<char, 4096> buffer;
        const std::size_t count = tls_ ? tls_->read_some(asio::buffer(buffer), error_)
                                       : socket_->read_some(asio::buffer(buffer), error_);
        unread_.append(buffer.data(), count);
        return !error_;
    }

    std::string take(std::size_t size) {
        std::string taken = unread_.substr(0, size);
        unread_.erase(0, size);
        return taken;
    }

    std::string read_chunks() {
        std::string body;
        for (;;) {
            std::string line;
            while (!line.ends_with("\r\n")) {
                const std::string one = read(1);
                if (one.empty()) {
                    return body;
                }
                line += one;
            }
            const std::size_t size = std::stoul(line, nullptr, 16);
            body += read(size);
            if (read(2).empty() || size == 0) {
                return body;
            }
        }
    }

    std::unique_ptr<asio::io_context> context_ = std::make_unique<asio::io_context>();
    std::unique_ptr<asio::ssl::context> tls_context_ =
        std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
    std::optional<asio::ip::tcp::socket> socket_;
    std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
    std::string unread_;
    std::error_code error_;
    std::error_code handshake_error_;
};

} // namespace backstay::test
