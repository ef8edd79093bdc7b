#include <backstay/testing/sandbox.hpp>

#include "testing/server.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

struct Sandbox::Impl {
    explicit Impl(SandboxOptions options)
        : own(std::make_unique<asio::io_context>(1)),
          server(std::make_shared<detail::sandbox::Server>(own->get_executor(), std::move(options))) {
        describe();
        server->start();
        thread = std::thread([this] { own->run(); });
    }

    Impl(asio::io_context& context, SandboxOptions options)
        : server(std::make_shared<detail::sandbox::Server>(asio::make_strand(context), std::move(options))) {
        describe();
        server->start();
    }

    void describe() {
        const auto& endpoint = server->endpoint();
        const std::string host = endpoint.address().is_v6() ? '[' + endpoint.address().to_string() + "]"
                                                            : endpoint.address().to_string();
        url = (server->tls() != nullptr ? "https://" : "http://") + host + ":" +
              std::to_string(endpoint.port());
        if (const auto& certificates = server->options().certificates) {
            ca_pem = certificates->ca_pem();
        }
    }

    void stop() {
        const std::lock_guard lock(stopping);
        if (stopped) {
            return;
        }
        stopped = true;
        asio::post(server->executor(), [running = server] { running->stop(); });
        if (thread.joinable()) {
            thread.join();
        }
    }

    void close_idle_connections() {
        const std::lock_guard lock(stopping);
        if (stopped) {
            return;
        }
        auto done = std::make_shared<std::promise<void>>();
        asio::post(server->executor(), [running = server, done] {
            running->close_idle_connections();
            done->set_value();
        });
        if (own) { // else nobody may be running the caller's context
            done->get_future().wait();
        }
    }

    std::unique_ptr<asio::io_context> own; ///< null: the caller's
    std::shared_ptr<detail::sandbox::Server> server;
    std::string url;
    std::string ca_pem;
    std::thread thread;
    std::mutex stopping;
    bool stopped = false;
};

Sandbox::Sandbox(SandboxOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Sandbox::Sandbox(asio::io_context& context, SandboxOptions options)
    : impl_(std::make_unique<Impl>(context, std::move(options))) {}

Sandbox::~Sandbox() {
    stop();
}

const std::string& Sandbox::url() const noexcept {
    return impl_->url;
}

std::uint16_t Sandbox::port() const noexcept {
    return impl_->server->endpoint().port();
}

const std::string& Sandbox::ca_pem() const noexcept {
    return impl_->ca_pem;
}

void Sandbox::play(FaultScript script) {
    impl_->server->responder().play(std::move(script));
}

void Sandbox::replace_token(std::string token) {
    impl_->server->responder().replace_token(std::move(token));
}

void Sandbox::close_idle_connections() {
    impl_->close_idle_connections();
}

void Sandbox::stop() {
    impl_->stop();
}

std::vector<SeenRequest> Sandbox::requests() const {
    return impl_->server->recorder().requests();
}

std::vector<Effect> Sandbox::effects() const {
    return impl_->server->recorder().effects();
}

SandboxCounts Sandbox::counts() const {
    return impl_->server->recorder().counts();
}

} // namespace backstay::inline BACKSTAY_ABI
