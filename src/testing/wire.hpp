#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// One accepted connection: TCP, and TLS over it or not. What waits is ended by `cut`, and reading, writing
/// and the handshake by the time limit too.
class Wire {
public:
    /// `tls` null: plain TCP. `time_limit`: for each handshake, read and write.
    Wire(asio::ip::tcp::socket socket, asio::ssl::context* tls, Duration time_limit);
    ~Wire() { disarm(); }
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    [[nodiscard]] asio::awaitable<bool> handshake();
    /// Reads some bytes; 0: no more will come.
    [[nodiscard]] asio::awaitable<std::size_t> read(asio::mutable_buffer into);
    [[nodiscard]] asio::awaitable<bool> write(std::string_view bytes);

    /// The same past TLS, on the bare connection.
    [[nodiscard]] asio::awaitable<std::size_t> read_bare(asio::mutable_buffer into);
    [[nodiscard]] asio::awaitable<bool> write_bare(std::string_view bytes);

    /// Waits, deaf to the peer; false when cut meanwhile.
    [[nodiscard]] asio::awaitable<bool> wait(Duration duration);
    /// Stays silent until the peer is gone.
    [[nodiscard]] asio::awaitable<void> stall();

    /// Says goodbye in TLS, then closes.
    [[nodiscard]] asio::awaitable<void> close_with_notify();
    /// Closes TCP alone (FIN), whatever TLS makes of it.
    [[nodiscard]] asio::awaitable<void> close_bare();
    /// Sends RST.
    void reset() noexcept;
    /// Ends everything at once.
    void cut() noexcept;

private:
    struct Limit {
        Wire* wire;
    };
    void arm(Duration limit);
    void disarm() noexcept;

    asio::ip::tcp::socket socket_;
    std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
    asio::steady_timer pause_;
    asio::steady_timer limit_timer_;
    std::shared_ptr<Limit> limit_; ///< null: none runs; an older one's handler finds its wire gone
    Duration time_limit_;
    bool cut_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
