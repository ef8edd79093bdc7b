#pragma once

#include "http/connection_pool.hpp"
#include "http/connector.hpp"
#include "http/exchange.hpp"
#include "http/watchdog.hpp"

#include <backstay/core/call_context.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/https_transport.hpp>
#include <backstay/http/request.hpp>
#include <backstay/http/response.hpp>
#include <backstay/http/transport_error.hpp>

#include <asio/awaitable.hpp>

#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// What the deliveries of one transport share.
struct DeliveryServices {
    const HttpsOptions& options;
    Runtime& runtime;
    Connector& connector;
    ConnectionPool& pool;
};

/// Brings one request to its outcome: a connection, an exchange on it, and once more on a new connection when
/// a stale one lost it.
class Delivery {
public:
    using Outcome = expected<Response, TransportError>;
    using Lease = ConnectionPool::Lease;

    /// `handed_over` is set once a byte of the request may have left; it outlives the delivery, which may
    /// throw.
    Delivery(const DeliveryServices& services, const Request& request, CallContext& call, Watchdog& watchdog,
             bool& handed_over) noexcept
        : services_(services),
          request_(request),
          call_(call),
          watchdog_(watchdog),
          handed_over_(handed_over) {}

    /// Errors: what is no fault of the network, such as `std::bad_alloc`, is thrown.
    [[nodiscard]] asio::awaitable<Outcome> run();

private:
    asio::awaitable<expected<Lease, StepFault>> obtain();
    asio::awaitable<expected<Lease, StepFault>> connect(Lease lease);
    [[nodiscard]] expected<RequestBytes, StepFault> begin_body(const std::string& head) const;
    [[nodiscard]] bool stale(const Exchange& exchange) const noexcept;
    [[nodiscard]] Outcome succeed(Exchange& exchange, ResponseParts parts, Lease& lease);
    [[nodiscard]] Outcome fail_with(const StepFault& fault) const;
    void notify(EventType type) noexcept;

    const DeliveryServices& services_;
    const Request& request_;
    CallContext& call_;
    Watchdog& watchdog_;
    bool& handed_over_;
    ExchangeInfo info_;
    std::string_view doing_ = "before the request was begun";
};

} // namespace backstay::inline BACKSTAY_ABI
