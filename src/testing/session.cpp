#include "testing/session.hpp"

#include "testing/server.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {
constexpr std::string_view no_tls = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
constexpr std::chrono::minutes longest_unread{
    10}; // a peer that has gone is not noticed by one who does not read
constexpr std::size_t kept_body_bytes = 4096;
} // namespace

Session::Session(std::shared_ptr<Server> server, asio::ip::tcp::socket socket, std::uint64_t number)
    : server_(std::move(server)),
      number_(number),
      wire_(std::move(socket), server_->tls(), server_->options().idle_timeout),
      reader_(server_->options().max_head_bytes, server_->options().max_body_bytes) {}

Session::~Session() {
    server_->forget(number_);
}

void Session::retire() noexcept {
    retired_ = true;
    if (idle_) {
        wire_.cut();
    }
}

asio::awaitable<void> Session::run(std::shared_ptr<Session> self) {
    if (!co_await self->begin()) {
        co_return;
    }
    Ending ending = Ending::keep_alive;
    while (ending == Ending::keep_alive && !self->retired_) {
        const Input input = co_await self->read_request();
        ending = input == Input::over ? Ending::close : co_await self->answer(input);
    }
    co_await self->end(ending);
}

/// Plays what the script has for this connection, else shakes hands; false when there is nothing to read.
asio::awaitable<bool> Session::begin() {
    const ConnectionFault fault = server_->responder().next_connection();
    switch (fault) {
    case ConnectionFault::serve:
    case ConnectionFault::stall_before_reading:
        break;
    case ConnectionFault::reset_after_accept:
        wire_.reset();
        co_return false;
    case ConnectionFault::close_after_accept:
        co_await wire_.close_bare();
        co_return false;
    case ConnectionFault::stall_handshake:
        co_await wire_.stall();
        co_return false;
    case ConnectionFault::reset_in_handshake:
    case ConnectionFault::close_in_handshake:
    case ConnectionFault::garbage_in_handshake:
        std::array<char, 4096> hello;
        co_await wire_.read_bare(asio::buffer(hello));
        if (fault == ConnectionFault::garbage_in_handshake) {
            co_await wire_.write_bare(no_tls);
        }
        if (fault == ConnectionFault::reset_in_handshake) {
            wire_.reset();
        } else {
            co_await wire_.close_bare();
        }
        co_return false;
    }
    if (!co_await wire_.handshake()) {
        server_->recorder().handshake_failed();
        co_return false;
    }
    if (fault == ConnectionFault::stall_before_reading) {
        co_await wire_.wait(longest_unread);
        co_return false;
    }
    co_return true;
}

asio::awaitable<Session::Input> Session::read_request() {
    std::array<char, 16 * 1024> buffer;
    if (exchanges_ > 0) {
        reader_.next();
    }
    std::size_t count = 0;
    for (;;) {
        switch (reader_.feed(std::string_view(buffer.data(), count))) {
        case RequestReader::State::complete:
            idle_ = false;
            co_return Input::request;
        case RequestReader::State::refused:
            idle_ = false;
            co_return Input::refused;
        case RequestReader::State::awaits_continue:
            co_await wire_.write("HTTP/1.1 100 Continue\r\n\r\n");
            break;
        case RequestReader::State::needs_more:
            break;
        }
        idle_ = !reader_.within_request();
        count = co_await wire_.read(asio::buffer(buffer));
        if (count == 0) {
            co_return Input::over;
        }
    }
}

asio::awaitable<Ending> Session::answer(Input input) {
    SeenRequest record = new_record();
    Responder& responder = server_->responder();
    Responder::Answer answer = input == Input::refused
                                   ? responder.refuse(reader_.refusal(), record)
                                   : responder.answer(reader_.request(), !reader_.keeps_alive(), record);
    server_->recorder().add(std::move(record), std::move(answer.effects));
    const bool played = co_await play(answer.playback);
    co_return played ? answer.playback.ending() : Ending::close_without_notify;
}

/// True when all bytes went out.
asio::awaitable<bool> Session::play(Playback& playback) {
    while (const auto action = playback.next()) {
        bool open = true; // named: GCC 12 can resume a co_await inside a condition in the wrong place
        if (action->wait > Duration::zero()) {
            open = co_await wire_.wait(action->wait);
        }
        if (open && !action->bytes.empty()) {
            open = co_await wire_.write(action->bytes);
        }
        if (!open) {
            co_return false;
        }
    }
    co_return true;
}

asio::awaitable<void> Session::end(Ending ending) {
    switch (ending) {
    case Ending::reset:
        wire_.reset();
        break;
    case Ending::stall:
        co_await wire_.stall();
        break;
    case Ending::close_without_notify:
        co_await wire_.close_bare();
        break;
    case Ending::close_on_next_request:
        co_await close_on_next_request();
        break;
    case Ending::close:
    case Ending::keep_alive:
        co_await wire_.close_with_notify();
        break;
    }
}

asio::awaitable<void> Session::close_on_next_request() {
    if (co_await read_request() == Input::request) {
        SeenRequest record = new_record();
        record.fault = "closed on this request";
        server_->recorder().add(std::move(record), {});
    }
    co_await wire_.close_with_notify();
}

SeenRequest Session::new_record() {
    const ApiRequest& request = reader_.request();
    return {.at = std::chrono::system_clock::now(),
            .connection = number_,
            .exchange = ++exchanges_,
            .method = request.method,
            .target = request.target,
            .fields = without_secrets(request.fields),
            .body = request.body.substr(0, kept_body_bytes),
            .body_bytes = request.body.size()};
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
