#pragma once

#include "http/byte_stream.hpp"
#include "http/dialer.hpp"

#include <backstay/core/config.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>

#include <memory>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// A TCP connection. Writes never raise SIGPIPE (Asio sends with MSG_NOSIGNAL or its like).
class BACKSTAY_EXPORT TcpStream final : public ByteStream {
public:
    explicit TcpStream(const asio::any_io_executor& executor) : socket_(executor) {}

    /// Begins to connect. The error that `dialing` is told says whether a descriptor could not be had.
    void begin_connect(const asio::ip::tcp::endpoint& endpoint, const std::shared_ptr<Dialing>& dialing);

    IoResult read(std::span<char> into) noexcept override;
    IoResult write(std::string_view bytes) noexcept override;
    asio::awaitable<std::error_code> wait(Readiness readiness) override;
    void cancel() noexcept override;
    [[nodiscard]] const std::string& remote() const noexcept override { return remote_; }

private:
    asio::awaitable<std::error_code> wait_for_either();

    asio::ip::tcp::socket socket_;
    std::string remote_;
};

/// Writes an address and port as in a URL: `[::1]:8443`.
[[nodiscard]] std::string to_text(const asio::ip::tcp::endpoint& endpoint);

} // namespace backstay::inline BACKSTAY_ABI
