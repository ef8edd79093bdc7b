#pragma once

#include <backstay/core/config.hpp>
#include <backstay/testing/sandbox.hpp>

#include "testing/recorder.hpp"
#include "testing/responder.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

class Session;

/// Accepts connections and owns what they share. Its coroutines and sessions keep it alive.
/// Thread safety: `responder` and `recorder` from any thread; everything else on its executor, which is
/// serialised.
class Server : public std::enable_shared_from_this<Server> {
public:
    /// Listens. Errors: as `Sandbox`'s constructors.
    Server(asio::any_io_executor executor, SandboxOptions options);

    void start();
    void stop() noexcept;
    void close_idle_connections();

    /// Called by a session that ends.
    void forget(std::uint64_t connection);

    [[nodiscard]] asio::ssl::context* tls() noexcept { return tls_ ? &*tls_ : nullptr; }
    [[nodiscard]] const SandboxOptions& options() const noexcept { return options_; }
    [[nodiscard]] Responder& responder() noexcept { return responder_; }
    [[nodiscard]] Recorder& recorder() noexcept { return recorder_; }
    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const asio::ip::tcp::endpoint& endpoint() const noexcept { return endpoint_; }

private:
    static asio::awaitable<void> accept(std::shared_ptr<Server> self);
    void listen();

    const asio::any_io_executor executor_;
    SandboxOptions options_;
    Responder responder_;
    Recorder recorder_;
    std::optional<asio::ssl::context> tls_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer pause_; ///< after a failed accept
    asio::ip::tcp::endpoint endpoint_;
    std::unordered_map<std::uint64_t, Session*> sessions_;
    bool stopped_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
