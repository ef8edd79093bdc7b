#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/request.hpp>
#include <backstay/http/response.hpp>
#include <backstay/http/transport_error.hpp>

#include <asio/awaitable.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// The seam to the network: HTTPS, scripted, or modelled.
class BACKSTAY_EXPORT Transport {
public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    /// Carries one exchange. A reply with any status is a value.
    /// Lifetime: request and context outlive the awaitable; a decorator copies what it keeps.
    /// Cancellation: heeds `call.deadline`, `call.stop` and the coroutine's cancellation, in every step, and
    /// returns the matching failure as a value.
    [[nodiscard]] virtual asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                                                   CallContext& call) = 0;

    /// Refuses new exchanges (`client_closed`) and closes idle connections; those under way go on.
    virtual void close() noexcept {}
};

} // namespace backstay::inline BACKSTAY_ABI
