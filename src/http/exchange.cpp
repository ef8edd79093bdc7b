#include "http/exchange.hpp"

#include "http/tls_error.hpp"

#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {
constexpr std::size_t one_record = std::size_t{16} * 1024; // the largest TLS record
constexpr int reads_in_a_row = 16;
} // namespace

Exchange::Exchange(ByteStream& stream, std::string_view method, std::string head, std::string_view body,
                   const ReplyLimits& limits, bool& handed_over)
    : stream_(stream), parser_(method, limits), head_(std::move(head)), handed_over_(handed_over) {
    if (head_.size() + body.size() <= one_record) {
        head_ += body; // one write, one record, one packet if it fits
        body = {};
    }
    unsent_ = {head_, body};
}

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
        if (step == Step::done || step == Step::failed) {
            break;
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
    return receive();
}

void Exchange::send() noexcept {
    for (std::string_view& part : unsent_) {
        while (!part.empty() && !send_error_) {
            handed_over_ = true;
            const IoResult sent = stream_.write(part);
            if (sent.would_block()) {
                return;
            }
            send_error_ = sent.error;
            part.remove_prefix(sent.bytes);
        }
    }
}

// The buffer is on the stack: what is read is parsed before anything else happens, so no connection owns one.
Exchange::Step Exchange::receive() noexcept {
    char buffer[one_record];
    for (int reads = 0; reads < reads_in_a_row; ++reads) {
        const IoResult result = stream_.read(buffer);
        if (result.would_block()) {
            return all_sent() || send_error_ ? Step::wait_to_read : Step::wait_for_either;
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
    }
    return Step::yield;
}

Exchange::Step Exchange::finished(bool surplus) noexcept {
    done_ = true;
    reusable_ = parser_.reusable() && all_sent() && !send_error_ && !surplus;
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
