#include "admin_commands.hpp"

#include <backstay/api/api_client.hpp>
#include <backstay/testing/sandbox.hpp>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

// An endpoint for whoever is on call: shows how the policies of this process stand, and changes them. It
// listens on loopback until standard input ends: `example_serve_admin`, which prints its URL, then
//
//     curl URL
//     curl URL -d '{"action":"isolate","name":"orders/circuit_breaker","seconds":60}'
//
// In your service this is a handler of the HTTP server that you have, behind its authentication: all that
// matters is in admin_commands.hpp. Here a few lines of Asio stand for that server.

using namespace std::chrono_literals;
using asio::ip::tcp;

asio::awaitable<void> keep_calling(backstay::ApiClient api) {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (;;) {
        const auto found = co_await api.get<void>("/resources");
        (void)found;
        pause.expires_after(50ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

/// The length of a request's body as its head tells it, however that writes the name; 0 without one.
std::size_t content_length(std::string head) {
    std::transform(head.begin(), head.end(), head.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::string_view name = "\r\ncontent-length: ";
    std::uint32_t length = 0;
    if (const auto found = head.find(name); found != head.npos) {
        std::from_chars(head.data() + found + name.size(), head.data() + head.size(), length);
    }
    return length;
}

asio::awaitable<void> serve_one(tcp::socket socket, backstay::Registry& registry) try {
    constexpr std::size_t most = 4'096;
    std::string read;
    const std::size_t head = co_await asio::async_read_until(socket, asio::dynamic_buffer(read, most),
                                                             "\r\n\r\n", asio::use_awaitable);
    const std::size_t whole = head + content_length(read.substr(0, head));
    Answer made = answer(413, "a command has at most 4096 bytes, its head included");
    if (whole <= most) {
        if (read.size() < whole) {
            co_await asio::async_read(socket, asio::dynamic_buffer(read, most),
                                      asio::transfer_exactly(whole - read.size()), asio::use_awaitable);
        }
        made = serve(registry, read.substr(0, read.find(' ')),
                     std::string_view(read).substr(head, whole - head));
    }
    const std::string reply = "HTTP/1.1 " + std::to_string(made.status) +
                              " \r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
                              std::to_string(made.json.size()) + "\r\n\r\n" + made.json;
    co_await asio::async_write(socket, asio::buffer(reply), asio::use_awaitable);
} catch (const std::exception& error) { // that caller is gone
    std::cerr << error.what() << '\n';
}

/// Serves each caller by itself: one that says nothing keeps nobody waiting.
asio::awaitable<void> serve_all(tcp::acceptor& acceptor, backstay::Registry& registry) {
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        asio::co_spawn(acceptor.get_executor(), serve_one(std::move(socket), registry), asio::detached);
    }
}

int main() try {
    const backstay::Sandbox server;
    asio::io_context context;
    backstay::ApiClientOptions options{.base_url = server.url() + "/v1"};
    options.https.tls.ca_pem = server.ca_pem();
    const backstay::ApiClient api{context.get_executor(), options};

    backstay::Registry registry;
    registry.add("orders", api.pipeline());

    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    std::cout << "http://127.0.0.1:" << acceptor.local_endpoint().port() << "/" << std::endl;
    asio::co_spawn(context, serve_all(acceptor, registry), asio::detached);
    asio::co_spawn(context, keep_calling(api), asio::detached);

    std::thread running{[&context] { context.run(); }};
    while (std::cin.get() != std::char_traits<char>::eof()) {
    }
    context.stop();
    running.join();
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
