#include <backstay/http/https_transport.hpp>

#include "http/connection_pool.hpp"
#include "http/connector.hpp"
#include "http/delivery.hpp"
#include "http/pool_metrics.hpp"
#include "http/system_error.hpp"
#include "http/watchdog.hpp"

#include <asio/this_coro.hpp>

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

void require(bool valid, std::string_view field, const std::string& value, std::string_view allowed) {
    if (!valid) {
        throw std::invalid_argument(std::string("HttpsOptions.")
                                        .append(field)
                                        .append(" is ")
                                        .append(value)
                                        .append(", allowed is ")
                                        .append(allowed));
    }
}

void validate(const HttpsOptions& options) {
    const auto time = [](std::string_view field, std::chrono::milliseconds value) {
        constexpr std::chrono::hours longest{24 * 365}; // in range of the clock, whatever is added
        require(value.count() >= 0 && value <= longest, field, std::to_string(value.count()) + " ms",
                "0 ms to 365 days");
    };
    time("connect_timeout", options.connect_timeout);
    time("dns_cache_for", options.dns_cache_for);
    time("idle_timeout", options.idle_timeout);
    time("idle_for", options.idle_for);
    time("max_age", options.max_age);
    const auto positive = [](std::string_view field, std::size_t value) {
        require(value > 0, field, std::to_string(value), "1 or more");
    };
    positive("max_connections_per_origin", options.max_connections_per_origin);
    positive("max_handshakes_per_origin", options.max_handshakes_per_origin);
    positive("max_head_bytes", options.max_head_bytes);
    positive("max_fields", options.max_fields);
    positive("max_gzip_ratio", options.max_gzip_ratio);
}

ConnectionPool::Limits pool_limits(const HttpsOptions& options) noexcept {
    return {{options.max_connections_per_origin, options.max_handshakes_per_origin},
            options.max_idle_connections};
}

TransportError thrown(FailureKind kind, bool handed_over) noexcept {
    return TransportError(
        Failure{.kind = kind, .reach = handed_over ? Reach::maybe_processed : Reach::never_sent});
}

TransportError thrown(const std::exception& what, bool handed_over) noexcept {
    const auto* const system = dynamic_cast<const std::system_error*>(&what);
    const std::error_code code = system != nullptr ? standard_code(system->code()) : std::error_code{};
    TransportError error =
        thrown(no_descriptor(code) ? FailureKind::resource_exhausted : FailureKind::exception, handed_over);
    try {
        error = TransportError(error.failure(), code, {.message = what.what()});
    } catch (const std::bad_alloc&) { // the kind says enough
    }
    return error;
}

} // namespace

class HttpsTransport::Impl {
public:
    Impl(const HttpsOptions& options, Runtime& runtime, std::unique_ptr<Connector> connector)
        : options_(options),
          connector_(std::move(connector)),
          pool_(std::make_shared<ConnectionPool>(pool_limits(options), runtime)),
          services_{options_, runtime, *connector_, *pool_} {}

    static asio::awaitable<Delivery::Outcome> send(std::shared_ptr<Impl> self, const Request& request,
                                                   CallContext& call) {
        // a cancelled call is a value; what the caller's own next co_await does is the caller's setting
        const bool throws = co_await asio::this_coro::throw_if_cancelled();
        co_await asio::this_coro::throw_if_cancelled(false);
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        bool handed_over = false;
        Delivery::Outcome outcome = fail(TransportError{});
        try {
            Watchdog watchdog(self->services_.runtime, executor, call, cancellation);
            Delivery delivery(self->services_, request, call, watchdog, handed_over);
            outcome = co_await delivery.run();
        } catch (const std::bad_alloc&) {
            outcome = fail(thrown(FailureKind::out_of_memory, handed_over));
        } catch (const std::exception& error) {
            outcome = fail(thrown(error, handed_over));
        }
        co_await asio::this_coro::throw_if_cancelled(throws);
        co_return outcome;
    }

    void close() noexcept { pool_->close(); }

    [[nodiscard]] std::vector<PoolSnapshot> pool_snapshot() const { return pool_->snapshot(); }
    [[nodiscard]] std::weak_ptr<const ConnectionPool> pool() const noexcept { return pool_; }

private:
    const HttpsOptions options_;
    std::unique_ptr<Connector> connector_;
    std::shared_ptr<ConnectionPool> pool_;
    DeliveryServices services_;
};

HttpsTransport::HttpsTransport(const HttpsOptions& options, Runtime& runtime) {
    validate(options);
    impl_ = std::make_shared<Impl>(options, runtime, std::make_unique<NetConnector>(options));
}

HttpsTransport::HttpsTransport(const HttpsOptions& options, Runtime& runtime,
                               std::unique_ptr<Connector> connector) {
    validate(options);
    impl_ = std::make_shared<Impl>(options, runtime, std::move(connector));
}

HttpsTransport::~HttpsTransport() {
    impl_->close();
}

asio::awaitable<expected<Response, TransportError>> HttpsTransport::send(const Request& request,
                                                                         CallContext& call) {
    return Impl::send(impl_, request, call);
}

void HttpsTransport::close() noexcept {
    impl_->close();
}

std::vector<PoolSnapshot> HttpsTransport::pool_snapshot() const {
    return impl_->pool_snapshot();
}

std::shared_ptr<const MetricSource> HttpsTransport::metric_source(std::string name) const {
    return std::make_shared<const PoolMetrics>(impl_->pool(), std::move(name));
}

} // namespace backstay::inline BACKSTAY_ABI
