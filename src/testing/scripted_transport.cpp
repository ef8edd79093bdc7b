#include <backstay/testing/scripted_transport.hpp>

#include <backstay/pipeline/detail/parking.hpp>

#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

expected<Response, TransportError> no_answer(FailureKind kind, Reach reach) {
    Failure failure{.kind = kind, .reach = reach};
    if (kind == FailureKind::client_closed && reach != Reach::maybe_processed) {
        failure.reach = Reach::refused_here;
        failure.refused_by = RefusedBy::client;
    }
    return fail(TransportError(failure));
}

expected<Response, TransportError> nothing_left(const Request& request, std::size_t number) {
    const Failure failure{.kind = FailureKind::exception, .reach = Reach::never_sent};
    return fail(TransportError(failure, {},
                               {.message = "scripted transport: no outcome is left for request " +
                                           std::to_string(number) + ", " + request.method + " " +
                                           request.url.redacted()}));
}

} // namespace

ScriptedTransport& ScriptedTransport::reply(int status, std::string body, Fields fields, Duration after) {
    return reply(ResponseParts{.status = status, .fields = std::move(fields), .body = std::move(body)},
                 after);
}

ScriptedTransport& ScriptedTransport::reply(ResponseParts parts, Duration after) {
    outcomes_.push_back({Response(std::move(parts)), after});
    return *this;
}

ScriptedTransport& ScriptedTransport::fail(TransportError error, Duration after) {
    outcomes_.push_back({backstay::fail(std::move(error)), after});
    return *this;
}

ScriptedTransport& ScriptedTransport::hang() {
    outcomes_.push_back({Response(), Duration::max()});
    return *this;
}

asio::awaitable<expected<Response, TransportError>> ScriptedTransport::send(const Request& request,
                                                                            CallContext& call) {
    if (closed_) {
        co_return no_answer(FailureKind::client_closed, Reach::refused_here);
    }
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
        co_return no_answer(FailureKind::canceled, Reach::never_sent);
    }
    if (call.stop != nullptr && call.stop->requested()) {
        co_return no_answer(call.stop->reason(), Reach::never_sent);
    }
    const TimePoint began = runtime_.now();
    if (began >= call.deadline.at) {
        co_return no_answer(call.deadline.kind, Reach::never_sent);
    }
    seen_.push_back({request, began, call.attempt, call.deadline});
    if (outcomes_.empty()) {
        co_return nothing_left(request, seen_.size());
    }
    Outcome outcome = std::move(outcomes_.front());
    outcomes_.pop_front();

    const TimePoint due = saturating_add(began, outcome.after);
    if (outcome.after > Duration::zero()) {
        const auto parking = detail::Parking::make(runtime_, co_await asio::this_coro::executor);
        switch (co_await parking->wait(std::min(due, call.deadline.at), call.stop)) {
        case detail::Woken::time:
        case detail::Woken::turn:
            break;
        case detail::Woken::stopped:
            co_return no_answer(call.stop->reason(), Reach::maybe_processed);
        case detail::Woken::canceled:
            co_return no_answer(FailureKind::canceled, Reach::maybe_processed);
        case detail::Woken::failed:
            co_return no_answer(FailureKind::out_of_memory, Reach::maybe_processed);
        }
    }
    if (due >= call.deadline.at) {
        co_return no_answer(call.deadline.kind, Reach::maybe_processed);
    }
    co_return std::move(outcome.result);
}

} // namespace backstay::inline BACKSTAY_ABI
