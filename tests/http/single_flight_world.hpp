#pragma once

#include "transport_world.hpp"

#include <backstay/http/single_flight_transport.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace backstay::test {

using namespace std::chrono_literals;

/// Answers its n-th request (from 1) with the number as body, after a time of its own; every so often it
/// fails.
class NumberingTransport final : public Transport {
public:
    explicit NumberingTransport(Runtime& runtime) noexcept : runtime_(runtime) {}

    std::function<Duration(int)> time = [](int) { return Duration{100ms}; };
    std::function<bool(int)> fails = [](int) { return false; };
    std::function<void(CallContext&)> on_begun = [](CallContext&) {};
    std::function<void(CallContext&)> on_sent = [](CallContext&) {};
    std::vector<Request> seen{};
    int live = 0;    ///< exchanges under way
    int stopped = 0; ///< of those that have ended
    bool closed = false;

    asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                             CallContext& call) override {
        seen.push_back(request);
        on_begun(call);
        const auto number = static_cast<int>(seen.size());
        if (closed) {
            co_return fail(
                TransportError({.kind = FailureKind::client_closed, .reach = Reach::refused_here}));
        }
        const Live alive{*this};
        const Duration takes = time(number);
        if (takes > Duration::zero()) {
            const auto executor = co_await asio::this_coro::executor;
            const auto parking = detail::Parking::make(runtime_, executor);
            const TimePoint due = runtime_.now() + takes;
            const auto woken = co_await parking->wait(std::min(due, call.deadline.at), call.stop);
            if (woken == detail::Woken::stopped) {
                ++stopped;
                co_return fail(TransportError({.kind = call.stop->reason()}));
            }
            if (call.deadline.at < due) {
                co_return fail(TransportError({.kind = call.deadline.kind}));
            }
        }
        on_sent(call);
        if (fails(number)) {
            const Failure lost{.kind = FailureKind::connection_lost, .reach = Reach::maybe_processed};
            co_return fail(TransportError(lost, {}, {.message = std::to_string(number)}));
        }
        co_return Response(ResponseParts{.status = 200, .body = std::to_string(number)});
    }
    void close() noexcept override { closed = true; }

private:
    struct Live {
        explicit Live(NumberingTransport& of) : transport(of) { ++transport.live; }
        Live(const Live&) = delete;
        Live& operator=(const Live&) = delete;
        ~Live() { --transport.live; }
        NumberingTransport& transport;
    };

    Runtime& runtime_;
};

struct FlightWorld : World {
    std::shared_ptr<NumberingTransport> inner = std::make_shared<NumberingTransport>(runtime);
    SingleFlightTransport transport{inner, runtime};

    void begin(Exchanged& exchanged) { begin(exchanged, context); }
    void begin(Exchanged& exchanged, asio::io_context& on) {
        asio::co_spawn(
            on, transport.send(exchanged.request, exchanged.call),
            asio::bind_cancellation_slot(exchanged.started.cancel.slot(),
                                         [&exchanged](std::exception_ptr error, Exchanged::Outcome outcome) {
                                             exchanged.started.thrown = error;
                                             exchanged.started.outcome.emplace(std::move(outcome));
                                         }));
    }
    Exchanged& finish(Exchanged& exchanged) {
        begin(exchanged);
        run();
        return exchanged;
    }
    void cancel(Exchanged& exchanged) { exchanged.started.cancel.emit(asio::cancellation_type::terminal); }
    void limit(Exchanged& exchanged, Duration time) {
        exchanged.call.deadline = {.at = now() + time, .kind = FailureKind::attempt_timeout};
    }
};

} // namespace backstay::test
