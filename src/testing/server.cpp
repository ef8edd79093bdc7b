#include "testing/server.hpp"

#include "testing/session.hpp"
#include "testing/tls_context.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {

constexpr std::chrono::milliseconds accept_pause{50}; // no descriptor is free: do not spin

void check(bool holds, const std::string& what) {
    if (!holds) {
        throw std::invalid_argument("sandbox: " + what);
    }
}

void validate(const SandboxOptions& options) {
    check(options.max_connections > 0, "max_connections is 0, it must be 1 or more");
    check(options.max_head_bytes > 0, "max_head_bytes is 0, it must be 1 or more");
    check(options.max_log_entries > 0, "max_log_entries is 0, it must be 1 or more");
    check(options.idle_timeout > std::chrono::milliseconds{0},
          "idle_timeout is " + std::to_string(options.idle_timeout.count()) + " ms, it must be more than 0");
}

} // namespace

Server::Server(asio::any_io_executor executor, SandboxOptions options)
    : executor_(std::move(executor)),
      options_((validate(options), std::move(options))),
      responder_(std::move(options_.script), std::move(options_.api)),
      recorder_(options_.max_log_entries, options_.log_file),
      acceptor_(executor_),
      pause_(executor_) {
    if (!options_.plain_http) {
        if (!options_.certificates) {
            options_.certificates.emplace();
        }
        tls_.emplace(make_tls_context(*options_.certificates, options_.tls_versions, options_.client_ca_pem));
    }
    listen();
}

void Server::listen() {
    std::error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    check(!error, "address is \"" + options_.address + "\", it must be an IP address such as 127.0.0.1");
    const asio::ip::tcp::endpoint wanted(address, options_.port);
    acceptor_.open(wanted.protocol(), error);
    if (!error) {
        acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        acceptor_.bind(wanted, error);
    }
    if (!error) {
        acceptor_.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        throw std::runtime_error("sandbox: cannot listen on " + options_.address + " port " +
                                 std::to_string(options_.port) + ": " + error.message() +
                                 "; choose another port, or 0 for any free one");
    }
    endpoint_ = acceptor_.local_endpoint();
}

void Server::start() {
    asio::co_spawn(executor_, accept(shared_from_this()), asio::detached);
}

void Server::stop() noexcept {
    stopped_ = true;
    std::error_code ignored;
    acceptor_.close(ignored);
    try {
        pause_.cancel();
    } catch (const std::exception&) { // it ends soon, and finds that the server was stopped
    }
    for (const auto& [number, session] : sessions_) {
        session->cut();
    }
}

void Server::close_idle_connections() {
    for (const auto& [number, session] : sessions_) {
        session->retire();
    }
}

void Server::forget(std::uint64_t connection) {
    sessions_.erase(connection);
    recorder_.close();
}

asio::awaitable<void> Server::accept(std::shared_ptr<Server> self) {
    while (!self->stopped_) {
        std::error_code error;
        auto socket = co_await self->acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (self->stopped_) {
            co_return;
        }
        if (error) {
            self->pause_.expires_after(accept_pause);
            co_await self->pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
            continue;
        }
        const std::uint64_t number = self->recorder_.open(self->options_.max_connections);
        if (number == 0) {
            continue; // the socket closes itself
        }
        const auto session = std::make_shared<Session>(self, std::move(socket), number);
        self->sessions_.emplace(number, session.get());
        asio::co_spawn(self->executor_, Session::run(session), asio::detached);
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
