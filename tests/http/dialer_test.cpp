#include "http/dialer.hpp"

#include "support/catch.hpp"

#include <asio/io_context.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <string>

using namespace backstay;

TEST_CASE("a connection is told of when it is made, and sends small writes at once", "[http][dialer]") {
    asio::io_context context;
    asio::ip::tcp::acceptor server(context, {asio::ip::address_v4::loopback(), 0});
    const auto dialing = std::make_shared<Dialing>();
    const int next = ::dup(server.native_handle()); // the lowest number that is free
    ::close(next);
    const auto stream = TcpDialer().dial(context.get_executor(), server.local_endpoint(), dialing);
    CHECK_FALSE(dialing->ended);
    CHECK(stream->remote() == "127.0.0.1:" + std::to_string(server.local_endpoint().port()));
    context.run();
    REQUIRE(dialing->ended);
    CHECK_FALSE(*dialing->ended);
    int at_once = 0;
    socklen_t size = sizeof at_once;
    REQUIRE(::getsockopt(next, IPPROTO_TCP, TCP_NODELAY, &at_once, &size) == 0);
    CHECK(at_once == 1);
}

TEST_CASE("a stream that goes while it is connecting closes, and may still say so", "[http][dialer]") {
    asio::io_context context;
    const auto dialing = std::make_shared<Dialing>();
    const asio::ip::tcp::endpoint nobody(asio::ip::make_address("192.0.2.1"), 9);
    auto stream = TcpDialer().dial(context.get_executor(), nobody, dialing);
    stream.reset();
    context.run();
    REQUIRE(dialing->ended);
    CHECK(*dialing->ended);
}

TEST_CASE("a context that goes with a connection under way takes it along", "[http][dialer]") {
    auto context = std::make_unique<asio::io_context>();
    const auto dialing = std::make_shared<Dialing>();
    const asio::ip::tcp::endpoint nobody(asio::ip::make_address("192.0.2.1"), 9);
    auto stream = TcpDialer().dial(context->get_executor(), nobody, dialing);
    stream.reset();
    context.reset();
    CHECK_FALSE(dialing->ended);
}
