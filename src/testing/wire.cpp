#include "testing/wire.hpp"

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <array>
#include <exception>
#include <system_error>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

using asio::redirect_error;
using asio::use_awaitable;

namespace {
constexpr std::chrono::seconds goodbye_limit{1}; // for the peer's part of a close
} // namespace

Wire::Wire(asio::ip::tcp::socket socket, asio::ssl::context* tls, Duration time_limit)
    : socket_(std::move(socket)),
      pause_(socket_.get_executor()),
      limit_timer_(socket_.get_executor()),
      time_limit_(time_limit) {
    std::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (tls != nullptr) {
        tls_.emplace(socket_, *tls);
    }
}

asio::awaitable<bool> Wire::handshake() {
    std::error_code error;
    if (tls_ && !cut_) {
        arm(time_limit_);
        co_await tls_->async_handshake(asio::ssl::stream_base::server, redirect_error(use_awaitable, error));
        disarm();
    }
    co_return !error && !cut_;
}

asio::awaitable<std::size_t> Wire::read(asio::mutable_buffer into) {
    if (!tls_) {
        co_return co_await read_bare(into);
    }
    if (cut_) {
        co_return 0;
    }
    std::error_code error;
    arm(time_limit_);
    const std::size_t count = co_await tls_->async_read_some(into, redirect_error(use_awaitable, error));
    disarm();
    co_return error ? 0 : count;
}

asio::awaitable<bool> Wire::write(std::string_view bytes) {
    if (!tls_) {
        co_return co_await write_bare(bytes);
    }
    if (cut_) {
        co_return false;
    }
    std::error_code error;
    arm(time_limit_);
    co_await asio::async_write(*tls_, asio::buffer(bytes.data(), bytes.size()),
                               redirect_error(use_awaitable, error));
    disarm();
    co_return !error;
}

asio::awaitable<std::size_t> Wire::read_bare(asio::mutable_buffer into) {
    if (cut_) {
        co_return 0;
    }
    std::error_code error;
    arm(time_limit_);
    const std::size_t count = co_await socket_.async_read_some(into, redirect_error(use_awaitable, error));
    disarm();
    co_return error ? 0 : count;
}

asio::awaitable<bool> Wire::write_bare(std::string_view bytes) {
    if (cut_) {
        co_return false;
    }
    std::error_code error;
    arm(time_limit_);
    co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                               redirect_error(use_awaitable, error));
    disarm();
    co_return !error;
}

asio::awaitable<bool> Wire::wait(Duration duration) {
    if (!cut_) {
        std::error_code error;
        pause_.expires_at(saturating_add(Clock::now(), duration));
        co_await pause_.async_wait(redirect_error(use_awaitable, error));
    }
    co_return !cut_;
}

asio::awaitable<void> Wire::stall() {
    std::array<char, 4096> dropped;
    std::error_code error;
    while (!error && !cut_) {
        co_await socket_.async_read_some(asio::buffer(dropped), redirect_error(use_awaitable, error));
    }
}

asio::awaitable<void> Wire::close_with_notify() {
    if (tls_ && !cut_) {
        std::error_code ignored;
        arm(goodbye_limit);
        co_await tls_->async_shutdown(redirect_error(use_awaitable, ignored));
        disarm();
    }
    co_await close_bare();
}

asio::awaitable<void> Wire::close_bare() {
    if (!cut_) {
        // a close with bytes left unread would send RST, which may overtake what the peer has not read yet
        std::error_code ignored;
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        arm(goodbye_limit);
        co_await stall();
        cut();
    }
}

void Wire::reset() noexcept {
    std::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    cut();
}

void Wire::cut() noexcept {
    cut_ = true;
    disarm();
    std::error_code ignored;
    socket_.close(ignored);
    try {
        pause_.cancel();
    } catch (const std::exception&) { // it ends by itself, and finds that it was cut
    }
}

void Wire::arm(Duration limit) {
    disarm();
    auto ticket = std::make_shared<Limit>(Limit{this});
    limit_timer_.expires_after(limit);
    limit_timer_.async_wait([ticket](const std::error_code&) {
        if (ticket->wire != nullptr) {
            ticket->wire->cut();
        }
    });
    limit_ = std::move(ticket);
}

void Wire::disarm() noexcept {
    if (limit_) {
        limit_->wire = nullptr;
        limit_.reset();
        try {
            limit_timer_.cancel();
        } catch (const std::exception&) { // its handler finds its wire gone
        }
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
