#include "http/dialer.hpp"

#include "http/tcp_stream.hpp"

namespace backstay::inline BACKSTAY_ABI {

std::unique_ptr<ByteStream> TcpDialer::dial(const asio::any_io_executor& executor,
                                            const asio::ip::tcp::endpoint& endpoint,
                                            const std::shared_ptr<Dialing>& dialing) {
    auto stream = std::make_unique<TcpStream>(executor);
    stream->begin_connect(endpoint, dialing);
    return stream;
}

} // namespace backstay::inline BACKSTAY_ABI
