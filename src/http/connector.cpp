#include "http/connector.hpp"

#include "http/dial_race.hpp"
#include "http/tls_stream.hpp"

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

NetConnector::NetConnector(const HttpsOptions& options, LookupThreads threads, std::unique_ptr<Dialer> dialer)
    : connect_timeout_(options.connect_timeout),
      allow_plain_http_(options.allow_plain_http),
      resolver_(options.resolve_overrides, options.dns_cache_for, std::move(threads)),
      dialer_(std::move(dialer)),
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
    AddressRace::Limits limits;
    limits.each = connect_timeout_;
    DialRace race(*dialer_, interleave(*addresses), origin.port, limits);
    ConnectResult result = fail(StepFault{});
    for (;;) {
        const TimePoint dialed = watchdog.runtime().now();
        expected<DialRace::Winner, StepFault> winner = co_await race.run(watchdog);
        const TimePoint now = watchdog.runtime().now();
        times.tcp += now - dialed;
        if (!winner) {
            if (winner.error().kind != FailureKind::none) {
                result = fail(std::move(winner.error()));
            }
            break;
        }
        if (connect_timeout_ > Duration::zero()) {
            const Duration left = connect_timeout_ - (now - winner->began);
            watchdog.begin_phase(std::max(left, Duration(1)));
        }
        result = co_await secure(std::move(winner->stream), origin, watchdog, times);
        watchdog.end_phase();
        if (result || result.error().kind == FailureKind::certificate_rejected) {
            co_return result;
        }
    }
    if (watchdog.may_wait() && result.error().kind != FailureKind::resource_exhausted) {
        resolver_.forget(origin);
    }
    if (addresses->size() > 1 && result.error().kind == FailureKind::connect_failed) {
        result.error().message += ", the last of " + std::to_string(addresses->size()) + " addresses";
    }
    co_return result;
}

asio::awaitable<ConnectResult> NetConnector::secure(std::unique_ptr<ByteStream> tcp, const Origin& origin,
                                                    Watchdog& watchdog, ConnectTimes& times) {
    if (!origin.secure()) {
        co_return tcp;
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
