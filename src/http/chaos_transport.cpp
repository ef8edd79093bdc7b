#include <backstay/http/chaos_transport.hpp>

#include "http/gate.hpp"
#include "http/watchdog.hpp"

#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {
namespace {

using Outcome = expected<Response, TransportError>;

void require(bool valid, std::string_view field, double value, std::string_view allowed) {
    if (!valid) {
        throw std::invalid_argument(std::string("ChaosTransportOptions.")
                                        .append(field)
                                        .append(" is ")
                                        .append(std::to_string(value))
                                        .append(", allowed is ")
                                        .append(allowed));
    }
}

void validate(const ChaosTransportOptions& options, const Runtime& runtime) {
    const auto ratio = [](std::string_view field, double value) {
        require(value >= 0 && value <= 1, field, value, "0 to 1");
    };
    ratio("drop_before_ratio", options.drop_before_ratio);
    ratio("drop_after_ratio", options.drop_after_ratio);
    ratio("delay_ratio", options.delay_ratio);
    const double sum = options.drop_before_ratio + options.drop_after_ratio + options.delay_ratio;
    require(sum <= 1 + 1e-9, "drop_before_ratio + drop_after_ratio + delay_ratio", sum, "0 to 1");
    require(options.delay > Duration::zero(), "delay", std::chrono::duration<double>(options.delay).count(),
            "longer than 0 s");
    if (!options.acknowledge_production_risk && !runtime.simulated()) {
        throw std::invalid_argument(
            "ChaosTransport makes calls fail: where time is real, so are the calls. Set "
            "ChaosTransportOptions.acknowledge_production_risk if that is meant");
    }
}

Outcome lost(Reach reach, std::string message, ExchangeInfo exchange = ExchangeInfo()) {
    const Failure failure{.kind = FailureKind::connection_lost, .reach = reach};
    TransportError::Detail detail{.message = std::move(message), .exchange = std::move(exchange)};
    return fail(TransportError(failure, {}, std::move(detail)));
}

} // namespace

ChaosTransport::ChaosTransport(std::shared_ptr<Transport> inner, Runtime& runtime,
                               const ChaosTransportOptions& options)
    : inner_(std::move(inner)), runtime_(runtime), options_(options) {
    validate(options, runtime);
}

ChaosTransport::Fault ChaosTransport::draw(CallContext& call) const noexcept {
    double drawn = call.random != nullptr ? call.random->unit() : Random{runtime_.seed()}.unit();
    for (const auto& [fault, ratio] : {std::pair{Fault::drop_before, options_.drop_before_ratio},
                                       {Fault::drop_after, options_.drop_after_ratio},
                                       {Fault::delay, options_.delay_ratio}}) {
        if (drawn < ratio) {
            return fault;
        }
        drawn -= ratio;
    }
    return Fault::none;
}

void ChaosTransport::tell(CallContext& call, Fault fault) const noexcept {
    static constexpr std::array<std::string_view, 4> names{"none", "drop_before", "drop_after", "delay"};
    if (call.observed(EventType::chaos_injected)) {
        call.now = runtime_.now();
        call.notify({.type = EventType::chaos_injected,
                     .delay = fault == Fault::delay ? options_.delay : Duration::zero(),
                     .detail = names.at(static_cast<std::size_t>(fault))});
    }
}

asio::awaitable<Outcome> ChaosTransport::send(const Request& request, CallContext& call) {
    const Fault fault = draw(call);
    if (fault == Fault::none) {
        co_return co_await inner_->send(request, call);
    }
    tell(call, fault);
    if (fault == Fault::drop_before) {
        co_return lost(Reach::never_sent, "chaos: the connection was dropped before the request was sent");
    }
    // a cancelled call is a value; what the caller's own next co_await does is the caller's setting
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    Outcome outcome = co_await inner_->send(request, call);
    if (outcome && fault == Fault::drop_after) {
        outcome = lost(Reach::maybe_processed, "chaos: the connection was dropped before the reply was read",
                       outcome->exchange());
    } else if (outcome) {
        const FailureKind cut = co_await hold_back(call);
        if (cut != FailureKind::none) {
            const Failure failure{.kind = cut, .reach = Reach::maybe_processed};
            outcome =
                fail(TransportError(failure, {}, {.message = "chaos: the reply was held back too long"}));
        }
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return outcome;
}

asio::awaitable<FailureKind> ChaosTransport::hold_back(const CallContext& call) {
    const auto executor = co_await asio::this_coro::executor;
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    Watchdog watchdog(runtime_, executor, call, cancellation);
    watchdog.begin_phase(options_.delay);
    if (watchdog.may_wait()) {
        Gate gate(executor);
        const Watchdog::Watch watch(watchdog, gate);
        co_await gate.wait();
    }
    co_return watchdog.verdict();
}

} // namespace backstay::inline BACKSTAY_ABI
