#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/response.hpp>

#include <asio/awaitable.hpp>

#include <string_view>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

class Exchange;

/// Takes the body of a successful reply (2xx) as it comes, in place of `Response::body`, which then stays
/// empty. The body of any other reply is none of its business, and is kept whole. What it has taken is the
/// whole body only when the call succeeds. The limit of the body holds, 16 MiB unless something else is set:
/// what a server sends without end is cut there.
///
/// Errors: an error code, or an exception, ends the call as `exception`, with that code as its cause; nothing
/// is repeated then. Cancellation: `write` is cancelled (terminal) when the call must end, and the call ends
/// when it has returned. Thread safety: called on the call's executor, one thing at a time; one sink serves
/// one call, which is never hedged and shares no exchange. Lifetime: shared with the call.
class BACKSTAY_EXPORT BodySink {
public:
    BodySink() = default;
    BodySink(const BodySink&) = delete;
    BodySink& operator=(const BodySink&) = delete;
    virtual ~BodySink() = default;

    /// A reply's body begins, perhaps an empty one: `head` is the reply without it. What was taken before is
    /// void: it was an earlier attempt's, which failed.
    [[nodiscard]] virtual std::error_code begin(const ResponseParts& head) = 0;

    /// Takes the next bytes. Nothing more is read from the connection before it returns, and `idle_timeout`
    /// does not count meanwhile. `piece` is valid until then.
    [[nodiscard]] virtual asio::awaitable<std::error_code> write(std::string_view piece) = 0;

    /// Whether `begin` may come again. If not, a failed attempt is not repeated once a body has begun: the
    /// call ends with its failure, as `unsafe_to_repeat`.
    [[nodiscard]] virtual bool can_restart() const noexcept { return false; }

    /// A body has begun.
    [[nodiscard]] bool begun() const noexcept { return begun_; }

private:
    friend class Exchange;
    bool begun_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI
