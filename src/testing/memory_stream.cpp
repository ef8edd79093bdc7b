#include "testing/memory_stream.hpp"

#include "http/tls_error.hpp"

#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// Counts the bytes of the first whole request, 0 when it is not whole.
std::size_t whole_request(std::string_view bytes) noexcept {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return 0;
    }
    if (bytes.substr(0, end).find("\r\nTransfer-Encoding: chunked") != std::string_view::npos) {
        constexpr std::string_view last_chunk = "\r\n0\r\n\r\n"; // no body in a test holds this
        const std::size_t last = bytes.find(last_chunk, end + 2);
        return last == std::string_view::npos ? 0 : last + last_chunk.size();
    }
    std::size_t body = 0;
    constexpr std::string_view name = "\r\nContent-Length: ";
    if (const std::size_t at = bytes.substr(0, end).find(name); at != std::string_view::npos) {
        std::from_chars(bytes.data() + at + name.size(), bytes.data() + end, body);
    }
    const std::size_t size = end + 4 + body;
    return bytes.size() >= size ? size : 0;
}

} // namespace

MemoryStream::MemoryStream(asio::any_io_executor executor, std::shared_ptr<MemoryScript> script,
                           std::string name, Runtime* runtime)
    : Timer(&executor_),
      runtime_(runtime),
      executor_(std::move(executor)),
      script_(std::move(script)),
      name_(std::move(name)),
      arrived_(std::make_shared<bool>(false)) {
    answer();
}

MemoryStream::~MemoryStream() {
    if (pace_ > Duration::zero()) {
        runtime_->disarm(*this);
    }
    script_->closed = true;
}

IoResult MemoryStream::read(std::span<char> into) noexcept {
    using Then = MemoryReply::Then;
    if (!may_read() || !*arrived_) {
        return {0, IoResult::blocked()};
    }
    if (pieces_.empty()) {
        if (then_ == Then::end || then_ == Then::end_and_reset) {
            return {0, asio::error::eof};
        }
        return {0, then_ == Then::reset ? std::error_code(asio::error::connection_reset)
                                        : make_error_code(TlsErrc::truncated)};
    }
    std::string& piece = pieces_.front();
    const std::size_t count = std::min(into.size(), piece.size());
    std::copy_n(piece.begin(), count, into.begin());
    piece.erase(0, count);
    if (piece.empty()) {
        pieces_.pop_front();
        if (pieces_.empty() && more_) {
            pieces_.push_back(more_());
        }
        arrive_later();
    }
    return {count, {}};
}

IoResult MemoryStream::write(std::string_view bytes) noexcept {
    if (script_->break_writes_after && written_ >= *script_->break_writes_after) {
        return {0, asio::error::broken_pipe};
    }
    if (then_ == MemoryReply::Then::end_and_reset) {
        return {0, asio::error::connection_reset};
    }
    if (!may_write()) {
        return {0, IoResult::blocked()};
    }
    const std::size_t room = script_->write_window ? *script_->write_window - written_ : bytes.size();
    const std::size_t count = std::min(room, bytes.size());
    script_->received.append(bytes.substr(0, count));
    written_ += count;
    answer();
    return {count, {}};
}

void MemoryStream::answer() {
    const std::string_view request = std::string_view(script_->received).substr(request_began_);
    const std::size_t whole = whole_request(request);
    if (whole != 0) {
        request_began_ += whole;
        ++script_->requests;
    }
    if (!pieces_.empty() || then_ != MemoryReply::Then::stay_open) {
        return;
    }
    MemoryReply reply;
    if (!script_->replies.empty()) {
        if (whole == 0 && request.size() < script_->replies.front().after_bytes) {
            return;
        }
        reply = std::move(script_->replies.front());
        script_->replies.pop_front();
    } else if (whole != 0 && script_->respond) {
        reply = script_->respond(request.substr(0, whole));
    } else {
        return;
    }
    pieces_.assign(reply.pieces.begin(), reply.pieces.end());
    more_ = std::move(reply.more);
    if (pieces_.empty() && more_) {
        pieces_.push_back(more_());
    }
    pace_ = reply.pace;
    then_ = reply.then;
    arrive_later();
}

void MemoryStream::arrive_later() {
    *arrived_ = false;
    if (pace_ > Duration::zero()) {
        runtime_->arm(*this, runtime_->now() + pace_);
        return;
    }
    asio::post(executor_, [arrived = arrived_] { *arrived = true; });
}

void MemoryStream::expired() noexcept {
    *arrived_ = true;
    cancel();
}

bool MemoryStream::may_read() const noexcept {
    return !pieces_.empty() || then_ != MemoryReply::Then::stay_open;
}

bool MemoryStream::may_write() const noexcept {
    return !script_->write_window || written_ < *script_->write_window;
}

asio::awaitable<std::error_code> MemoryStream::wait(Readiness readiness) {
    const bool paced = pace_ > Duration::zero() && !*arrived_; // `expired` wakes it
    const bool read = readiness != Readiness::writable && may_read() && !paced;
    const bool write = readiness != Readiness::readable && may_write();
    if (read || write) {
        co_await asio::post(executor_, asio::use_awaitable); // what is under way has come by then
    } else {
        parked_.emplace(executor_);
        co_await parked_->wait();
        parked_.reset();
    }
    co_return std::error_code{};
}

void MemoryStream::cancel() noexcept {
    if (parked_) {
        parked_->cancel();
    }
}

asio::awaitable<ConnectResult> MemoryConnector::connect(const Origin& origin, Watchdog& watchdog,
                                                        ConnectTimes& /*times*/) {
    if (made_ == scripts_.size()) {
        co_return fail(StepFault{FailureKind::connect_failed, asio::error::connection_refused,
                                 "no script for another connection"});
    }
    std::shared_ptr<MemoryScript> script = scripts_[made_++];
    co_return std::make_unique<MemoryStream>(watchdog.executor(), std::move(script),
                                             origin.host + "#" + std::to_string(made_), &watchdog.runtime());
}

} // namespace backstay::inline BACKSTAY_ABI
