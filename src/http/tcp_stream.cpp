#include "http/tcp_stream.hpp"

#include "http/gate.hpp"

#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace backstay::inline BACKSTAY_ABI {

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
    const std::string address = endpoint.address().to_string();
    const std::string port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

// The handler owns nothing of this stream, which may go first.
void TcpStream::begin_connect(const asio::ip::tcp::endpoint& endpoint,
                              const std::shared_ptr<Dialing>& dialing) {
    std::error_code error;
    remote_ = to_text(endpoint);
    socket_.open(endpoint.protocol(), error);
    if (!error) {
        socket_.set_option(asio::ip::tcp::no_delay(true), error);
        socket_.non_blocking(true, error);
    }
    if (error) {
        return dialing->end(error);
    }
    socket_.async_connect(endpoint, [dialing](const std::error_code& result) { dialing->end(result); });
}

IoResult TcpStream::read(std::span<char> into) noexcept {
    IoResult result;
    result.bytes = socket_.read_some(asio::buffer(into.data(), into.size()), result.error);
    return result;
}

IoResult TcpStream::write(std::string_view bytes) noexcept {
    IoResult result;
    result.bytes = socket_.write_some(asio::buffer(bytes), result.error);
    return result;
}

asio::awaitable<std::error_code> TcpStream::wait(Readiness readiness) {
    if (readiness == Readiness::either) {
        co_return co_await wait_for_either();
    }
    std::error_code error;
    const auto type = readiness == Readiness::readable ? asio::ip::tcp::socket::wait_read
                                                       : asio::ip::tcp::socket::wait_write;
    co_await socket_.async_wait(type, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
}

// Whichever comes first opens the gate. The handlers own nothing of this frame, so the other one may come
// late.
asio::awaitable<std::error_code> TcpStream::wait_for_either() {
    Gate gate(socket_.get_executor());
    const auto first = [opener = gate.opener()](const std::error_code&) { opener.open(); };
    socket_.async_wait(asio::ip::tcp::socket::wait_read, first);
    socket_.async_wait(asio::ip::tcp::socket::wait_write, first);
    co_await gate.wait();
    cancel();
    co_return std::error_code{};
}

void TcpStream::cancel() noexcept {
    std::error_code ignored;
    socket_.cancel(ignored);
}

} // namespace backstay::inline BACKSTAY_ABI
