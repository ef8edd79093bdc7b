#pragma once

#include "http/byte_stream.hpp"
#include "http/reply_limits.hpp"
#include "http/reply_parser.hpp"
#include "http/request_bytes.hpp"
#include "http/step_fault.hpp"
#include "http/watchdog.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/body_sink.hpp>
#include <backstay/http/response.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// One request and its reply on a connection. It reads while it writes: a server may answer early, and a
/// broken write does not mean that no answer waits to be read (RFC 9112 sections 9.3 and 9.6). It does not
/// read while a sink is busy.
class BACKSTAY_EXPORT Exchange {
public:
    /// `sink` may be null. `handed_over` is set before a byte of the request may leave; it tells the truth
    /// even when `run` throws. Lifetime: stream, request and `handed_over` outlive the exchange.
    Exchange(ByteStream& stream, std::string_view method, RequestBytes& request,
             std::shared_ptr<BodySink> sink, const ReplyLimits& limits, bool& handed_over);

    /// Runs until the reply is whole, the exchange has failed, or the watchdog ends it. `idle_timeout` counts
    /// from the reply's first byte, and from each one after it; zero: none.
    [[nodiscard]] asio::awaitable<void> run(Watchdog& watchdog, Duration idle_timeout);

    /// The reply, once; nothing when there is none: see `fault`.
    [[nodiscard]] std::optional<ResponseParts> take() noexcept;
    /// Kind `none` when the watchdog ended it: see its verdict.
    [[nodiscard]] const StepFault& fault() const noexcept { return fault_; }

    [[nodiscard]] bool reply_began() const noexcept { return parser_.started(); }
    /// The connection can carry another exchange: both messages are whole and nothing is left over.
    [[nodiscard]] bool reusable() const noexcept { return reusable_; }
    /// How long the server keeps it, if it says so.
    [[nodiscard]] std::optional<std::chrono::seconds> keep_alive_timeout() const noexcept {
        return keep_alive_;
    }
    /// From the request's first byte to the reply's; zero before.
    [[nodiscard]] Duration first_byte_time() const noexcept { return first_byte_time_; }

private:
    enum class Step : std::uint8_t {
        wait_to_read,
        wait_for_either, ///< the request is not all written
        yield,           ///< more may be there, but others want to run too
        hand_over,       ///< there is something for the sink
        done,
        failed,
    };

    Step advance() noexcept;
    void send() noexcept;
    Step receive() noexcept;
    Step finished(bool surplus) noexcept;
    Step stream_ended(const std::error_code& error) noexcept;
    Step fail_with(FailureKind kind, const std::error_code& cause, std::string_view message) noexcept;
    [[nodiscard]] ResponseParts* for_sink() noexcept;
    asio::awaitable<bool> hand_over(Watchdog& watchdog);

    ByteStream& stream_;
    ReplyParser parser_;
    RequestBytes& request_;
    std::shared_ptr<BodySink> sink_;
    bool sink_begun_ = false;
    std::error_code send_error_;
    StepFault fault_;
    bool& handed_over_;
    Duration first_byte_time_{0};
    std::optional<std::chrono::seconds> keep_alive_;
    bool reusable_ = false;
    bool done_ = false;
    bool received_ = false; ///< since the watchdog was last told
};

} // namespace backstay::inline BACKSTAY_ABI
