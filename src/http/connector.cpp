#include "http/connector.hpp"

#include "http/system_error.hpp"
#include "http/tcp_stream.hpp"
#include "http/tls_stream.hpp"

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

StepFault tcp_fault(const std::error_code& error, const TcpStream& stream) {
    if (no_descriptor(error)) {
        return {FailureKind::resource_exhausted, error, "no descriptor for a connection: " + error.message()};
    }
    return {FailureKind::connect_failed, error,
            "cannot connect to " + stream.remote() + ": " + error.message()};
}

} // namespace

NetConnector::NetConnector(const HttpsOptions& options, LookupThreads threads)
    : connect_timeout_(options.connect_timeout),
      allow_plain_http_(options.allow_plain_http),
      resolver_(options.resolve_overrides, options.dns_cache_for, std::move(threads)),
      tls_(options.tls) {}

StepFault NetConnector::refuses(const Origin& origin) const {
    if (origin.secure() || allow_plain_http_) {
        return {};
    }
    const Addresses addresses = resolver_.known(origin);
    const bool loopback = std::all_of(addresses.begin(), addresses.end(),
                                      [](const asio::ip::address& address) { return address.is_loopback(); });
    if (!addresses.empty() && loopback) {
        return {};
    }
    return {FailureKind::invalid_request,
            {},
            "plain http to " + origin.host + " is refused: use https, or set HttpsOptions.allow_plain_http"};
}

asio::awaitable<ConnectResult> NetConnector::connect(const Origin& origin, Watchdog& watchdog,
                                                     ConnectTimes& times) {
    const TimePoint began = watchdog.runtime().now();
    expected<Addresses, StepFault> addresses = co_await resolver_.resolve(origin, watchdog);
    times.lookup = watchdog.runtime().now() - began;
    if (!addresses) {
        co_return fail(std::move(addresses.error()));
    }
    ConnectResult result = fail(StepFault{});
    for (const asio::ip::address& address : *addresses) {
        watchdog.begin_phase(connect_timeout_);
        result = co_await connect_to(asio::ip::tcp::endpoint(address, origin.port), origin, watchdog, times);
        watchdog.end_phase();
        const bool final_word = result || result.error().kind == FailureKind::certificate_rejected ||
                                result.error().kind == FailureKind::resource_exhausted;
        if (final_word || !watchdog.may_wait()) {
            break;
        }
    }
    if (!result && addresses->size() > 1 && result.error().kind == FailureKind::connect_failed) {
        result.error().message += ", the last of " + std::to_string(addresses->size()) + " addresses";
    }
    co_return result;
}

asio::awaitable<ConnectResult> NetConnector::connect_to(asio::ip::tcp::endpoint endpoint,
                                                        const Origin& origin, Watchdog& watchdog,
                                                        ConnectTimes& times) {
    auto tcp = std::make_unique<TcpStream>(watchdog.executor());
    std::error_code error = asio::error::operation_aborted;
    if (watchdog.may_wait()) {
        const TimePoint began = watchdog.runtime().now();
        const Watchdog::Watch watch(watchdog, *tcp);
        error = co_await tcp->connect(endpoint);
        times.tcp += watchdog.runtime().now() - began;
    }
    if (watchdog.phase_over()) {
        error = asio::error::timed_out;
    }
    if (error) {
        co_return fail(tcp_fault(error, *tcp));
    }
    if (!origin.secure()) {
        co_return std::unique_ptr<ByteStream>(std::move(tcp));
    }
    auto tls = std::make_unique<TlsStream>(tls_, origin, std::move(tcp));
    const TimePoint began = watchdog.runtime().now();
    expected<void, StepFault> shaken = co_await tls->handshake(watchdog);
    times.tls += watchdog.runtime().now() - began;
    if (!shaken) {
        co_return fail(std::move(shaken.error()));
    }
    times.resumed = tls->resumed();
    co_return std::unique_ptr<ByteStream>(std::move(tls));
}

} // namespace backstay::inline BACKSTAY_ABI
