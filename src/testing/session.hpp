#pragma once

#include <backstay/core/config.hpp>
#include <backstay/testing/detail/playback.hpp>

#include "testing/request_reader.hpp"
#include "testing/wire.hpp"

#include <asio/awaitable.hpp>

#include <cstdint>
#include <memory>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

class Server;

/// The life of one connection: a fault or a handshake, then one request after another.
class Session {
public:
    Session(std::shared_ptr<Server> server, asio::ip::tcp::socket socket, std::uint64_t number);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    static asio::awaitable<void> run(std::shared_ptr<Session> self);

    void cut() noexcept { wire_.cut(); }
    /// Ends as soon as no request is under way. (A client may have read its reply before this side knows that
    /// all of it went out: being idle now is not asked.)
    void retire() noexcept;

private:
    enum class Input : std::uint8_t { request, refused, over };

    asio::awaitable<bool> begin();
    asio::awaitable<Input> read_request();
    asio::awaitable<Ending> answer(Input input);
    asio::awaitable<bool> play(Playback& playback);
    asio::awaitable<void> end(Ending ending);
    asio::awaitable<void> close_on_next_request();
    [[nodiscard]] SeenRequest new_record();

    const std::shared_ptr<Server> server_;
    const std::uint64_t number_;
    Wire wire_;
    RequestReader reader_;
    int exchanges_ = 0;
    bool idle_ = false; ///< no request is under way
    bool retired_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
