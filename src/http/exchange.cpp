#include "http/exchange.hpp"

#include "http/sink_writing.hpp"
#include "http/tls_error.hpp"

#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <new>
#include <system_error>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {
constexpr std::size_t one_record = std::size_t{16} * 1024; // the largest TLS record
constexpr int reads_in_a_row = 16;
constexpr int writes_in_a_row = 16;
} // namespace

Exchange::Exchange(ByteStream& stream, std::string_view method, RequestBytes& request,
                   std::shared_ptr<BodySink> sink, const ReplyLimits& limits, bool& handed_over)
    : stream_(stream),
      parser_(method, limits),
      request_(request),
      sink_(std::move(sink)),
      handed_over_(handed_over) {}

asio::awaitable<void> Exchange::run(Watchdog& watchdog, Duration idle_timeout) {
    const TimePoint began = watchdog.runtime().now();
    bool first_byte = true;
    while (watchdog.may_wait()) {
        const Step step = advance();
        if (first_byte && parser_.started()) {
            first_byte = false;
            first_byte_time_ = watchdog.runtime().now() - began;
            watchdog.begin_phase(idle_timeout);
        } else if (std::exchange(received_, false)) { // what brought no byte of the reply is no progress
            watchdog.progress();
        }
        if (step == Step::failed) {
            break;
        }
        if (for_sink() != nullptr) {
            watchdog.end_phase(); // a busy sink is not a silent server
            if (!co_await hand_over(watchdog)) {
                done_ = false;
                break;
            }
            watchdog.begin_phase(idle_timeout);
        }
        if (step == Step::done) {
            break;
        }
        if (step == Step::hand_over) {
            continue;
        }
        if (step == Step::yield) {
            co_await asio::post(asio::use_awaitable);
            continue;
        }
        const Watchdog::Watch watch(watchdog, stream_);
        const std::error_code error =
            co_await stream_.wait(step == Step::wait_for_either ? Readiness::either : Readiness::readable);
        if (error && watchdog.may_wait()) {
            fail_with(FailureKind::connection_lost, error, error.message());
            break;
        }
    }
    if (watchdog.phase_over() && fault_.kind == FailureKind::none) {
        fail_with(FailureKind::attempt_timeout, asio::error::timed_out,
                  "the server sent a part of its reply, then nothing for idle_timeout");
    }
    watchdog.end_phase();
}

std::optional<ResponseParts> Exchange::take() noexcept {
    return done_ ? std::optional<ResponseParts>(parser_.take()) : std::nullopt;
}

Exchange::Step Exchange::advance() noexcept {
    send();
    return fault_.kind == FailureKind::none ? receive() : Step::failed;
}

void Exchange::send() noexcept {
    try {
        for (int writes = 0; writes < writes_in_a_row && !send_error_; ++writes) {
            const std::string_view part = request_.next();
            if (part.empty()) {
                return;
            }
            handed_over_ = true;
            const IoResult sent = stream_.write(part);
            if (sent.would_block()) {
                return;
            }
            send_error_ = sent.error;
            request_.written(sent.bytes);
        }
    } catch (const std::bad_alloc&) {
        fail_with(FailureKind::out_of_memory, {}, "memory ran out while the request was sent");
    } catch (const std::exception& error) {
        fail_with(FailureKind::exception, {}, error.what());
    } catch (...) {
        fail_with(FailureKind::exception, {}, "the producer of the request's body threw");
    }
}

// The buffer is on the stack: what is read is parsed before anything else happens, so no connection owns one.
Exchange::Step Exchange::receive() noexcept {
    char buffer[one_record];
    for (int reads = 0; reads < reads_in_a_row; ++reads) {
        const IoResult result = stream_.read(buffer);
        if (result.would_block()) {
            return request_.done() || send_error_ ? Step::wait_to_read : Step::wait_for_either;
        }
        if (result.error) {
            return stream_ended(result.error);
        }
        received_ = true;
        std::size_t consumed = 0;
        const ReplyParser::Step parsed = parser_.feed({buffer, result.bytes}, consumed);
        if (parsed == ReplyParser::Step::done) {
            return finished(consumed < result.bytes);
        }
        if (parsed == ReplyParser::Step::failed) {
            return fail_with(parser_.fault().kind, {}, parser_.fault().message);
        }
        if (for_sink() != nullptr) {
            return Step::hand_over;
        }
    }
    return Step::yield;
}

/// The reply, when the sink is to be told of it: that it begins, or what has come of its body.
ResponseParts* Exchange::for_sink() noexcept {
    ResponseParts* const reply = sink_ ? parser_.began() : nullptr;
    const bool due = reply != nullptr && reply->status / 100 == 2 && (!sink_begun_ || !reply->body.empty());
    return due ? reply : nullptr;
}

asio::awaitable<bool> Exchange::hand_over(Watchdog& watchdog) {
    ResponseParts& reply = *for_sink();
    const std::string piece = std::exchange(reply.body, {});
    std::error_code refused;
    try {
        if (!std::exchange(sink_begun_, true)) {
            sink_->begun_ = true;
            refused = sink_->begin(reply);
        }
        if (!refused && !piece.empty()) {
            refused = co_await write_to(sink_, piece, watchdog);
        }
        if (refused) {
            fail_with(FailureKind::exception, refused, "the sink of the reply's body refused it");
        }
    } catch (const std::bad_alloc&) {
        fail_with(FailureKind::out_of_memory, {}, "memory ran out in the sink of the reply's body");
    } catch (const std::system_error& error) {
        fail_with(FailureKind::exception, error.code(), "the sink of the reply's body threw");
    } catch (const std::exception& error) {
        fail_with(FailureKind::exception, {}, error.what());
    } catch (...) {
        fail_with(FailureKind::exception, {}, "the sink of the reply's body threw");
    }
    co_return fault_.kind == FailureKind::none;
}

Exchange::Step Exchange::finished(bool surplus) noexcept {
    done_ = true;
    reusable_ = parser_.reusable() && request_.done() && !send_error_ && !surplus;
    keep_alive_ = parser_.keep_alive_timeout();
    return Step::done;
}

Exchange::Step Exchange::stream_ended(const std::error_code& error) noexcept {
    if (error == asio::error::eof) {
        if (parser_.finish() == ReplyParser::Step::done) {
            return finished(false);
        }
        return fail_with(parser_.fault().kind, send_error_ ? send_error_ : error, parser_.fault().message);
    }
    if (error == TlsErrc::truncated && parser_.started()) {
        return fail_with(FailureKind::truncated, error,
                         "the connection ended in mid-reply, without close_notify");
    }
    if (send_error_) {
        return fail_with(FailureKind::connection_lost, send_error_, "the connection was lost while sending");
    }
    return fail_with(FailureKind::connection_lost, error,
                     parser_.started() ? "the connection was lost in mid-reply"
                                       : "the connection was lost before a reply came");
}

Exchange::Step Exchange::fail_with(FailureKind kind, const std::error_code& cause,
                                   std::string_view message) noexcept {
    fault_.kind = kind;
    fault_.cause = cause;
    try {
        fault_.message = message;
        if (cause) {
            fault_.message.append(" (").append(cause.message()).append(")");
        }
    } catch (const std::exception&) { // the kind says enough
    }
    return Step::failed;
}

} // namespace backstay::inline BACKSTAY_ABI
