#include "api/api_operation.hpp"

#include "api/credential_use.hpp"

#include <backstay/http/body_sink.hpp>
#include <backstay/http/server_wait.hpp>
#include <backstay/pipeline/detail/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

TransportError stopped_error(FailureKind reason) noexcept {
    Failure failure{.kind = reason, .reach = Reach::never_sent};
    if (reason == FailureKind::client_closed) {
        failure.reach = Reach::refused_here;
        failure.refused_by = RefusedBy::client;
    }
    return TransportError{failure};
}

/// Adds the current token; `current` is that of a provider. What the bearer's function throws must not look
/// as if something had been sent.
expected<Request, TransportError> with_token(const ClientCore& core, const Request& request,
                                             const TokenStore::Current* current) noexcept {
    Failure failure{.kind = FailureKind::exception, .reach = Reach::never_sent};
    try {
        if (current == nullptr && core.options.bearer.refreshes()) {
            failure.kind = FailureKind::invalid_request;
            return fail(TransportError{
                failure,
                {},
                {.message = "there is no token yet, and the call passes by the stage credentials"}});
        }
        Request own = request;
        authorize(own.fields, current != nullptr ? current->value : core.options.bearer.current());
        if (!own.fault()) {
            return own;
        }
        failure.kind = FailureKind::invalid_request;
        return fail(TransportError{failure, {}, {.message = "the bearer token holds control bytes"}});
    } catch (...) {
        failure.kind = failure_of_exception().kind;
    }
    return fail(TransportError{failure});
}

/// Adds how long the attempt is waited for, rounded down.
void add_deadline(const ClientCore& core, const CallContext& call, const Request& shared,
                  std::optional<Request>& own) noexcept {
    const std::string& name = core.options.deadline_header;
    if (name.empty() || call.deadline.at == end_of_time) {
        return;
    }
    const auto left =
        std::chrono::floor<std::chrono::milliseconds>(call.deadline.at - core.options.runtime->now());
    try {
        if (!own) {
            own = shared;
        }
        own->fields.set(name, std::to_string(std::max<std::int64_t>(left.count(), 0)));
        own->deadline_field = name;
    } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): it goes without
    }
}

} // namespace

asio::awaitable<Exchanged> ApiOperation::attempt(CallContext& call) {
    if (call.stop != nullptr && call.stop->requested()) {
        co_return fail(stopped_error(call.stop->reason()));
    }
    if (active_.draining()) { // a hedge's time came during a shutdown
        co_return fail(stopped_error(FailureKind::client_closed));
    }
    const int number = call.attempt;
    const TimePoint began = call.attempt_began;
    CallRecord::Attempt told;
    if (record_ != nullptr) {
        told = record_->begin_attempt(number, began);
    }
    active_.attempt_begins();
    Exchanged outcome = fail(TransportError{});
    try {
        outcome = co_await exchange(call, told);
    } catch (...) { // no memory for its frame
        outcome = fail(TransportError{failure_of_exception()});
    }
    call.quota =
        outcome ? rate_limit_quota(outcome->fields(), core_.options.runtime->wall_now()) : ServerQuota{};
    record(outcome, number, began);
    spare_sink(call);
    if (record_ != nullptr) {
        record_->end_attempt(std::move(told), *history_.latest(), last_end_);
    }
    active_.attempt_ended(!outcome || !outcome->ok());
    co_return outcome;
}

asio::awaitable<Exchanged> ApiOperation::exchange(CallContext& call, const CallRecord::Attempt& told) {
    std::optional<Request> own;
    std::shared_ptr<const TokenStore::Current> current;
    if (prepared_.fresh_token) {
        current = credential_ != nullptr ? credential_->store()->current() : nullptr;
        auto made = with_token(core_, prepared_.request, current.get());
        if (!made) {
            co_return fail(std::move(made.error()));
        }
        own = std::move(*made);
    }
    add_deadline(core_, call, prepared_.request, own);
    if (record_ != nullptr) {
        record_->add_trace(told, prepared_.request, own);
    }
    try {
        auto outcome = co_await core_.options.transport->send(own ? *own : prepared_.request, call);
        if (current && outcome && outcome->status() == 401) {
            credential_->note_refused(current->version);
        }
        co_return outcome;
    } catch (...) {
        co_return fail(TransportError{failure_of_exception()});
    }
}

/// What a sink has taken and cannot take back must not come again.
void ApiOperation::spare_sink(CallContext& call) const noexcept {
    const auto& sink = prepared_.request.sink;
    if (sink && sink->begun() && !sink->can_restart()) {
        call.safe_to_repeat = false;
        call.overrides.allow_unsafe_retry = false;
    }
}

void ApiOperation::record(Exchanged& outcome, int number, TimePoint began) noexcept {
    const TimePoint now = core_.options.runtime->now();
    History::Outcome line{
        .number = number, .waited = std::max(began - last_end_, Duration::zero()), .duration = now - began};
    last_end_ = now;
    latest_of_ = nullptr;
    if (!outcome) {
        line.failure = outcome.error().failure();
    } else {
        if (!outcome->ok()) {
            try {
                refine(*outcome, line);
            } catch (
                const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): the reply stands as its status says
            }
        }
        line.failure = outcome->facts();
    }
    line.result = outcome;
    history_.add(std::move(line));
}

void ApiOperation::refine(Response& response, History::Outcome& line) {
    auto body = read_error_body(response.body(), core_.options.codec);
    const auto& codes = core_.options.in_progress_codes;
    const bool in_progress = response.status() == 409 && !prepared_.idempotency_key.empty() &&
                             std::find(codes.begin(), codes.end(), body.code) != codes.end();
    response.refine(refined(response, body, core_.options.runtime->wall_now(), in_progress));
    line.request_id = body.request_id;
    latest_ = std::move(body);
    latest_of_ = &response.body();
}

ErrorBody ApiOperation::take_error_body(const Response& reply) {
    return latest_of_ == &reply.body() ? std::move(latest_)
                                       : read_error_body(reply.body(), core_.options.codec);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
