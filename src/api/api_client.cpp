#include <backstay/api/api_client.hpp>

#include "api/api_operation.hpp"
#include "api/call_record.hpp"
#include "api/client_check.hpp"
#include "api/client_core.hpp"
#include "api/credential_use.hpp"
#include "api/prepare.hpp"
#include "api/shutdown.hpp"

#include <asio/this_coro.hpp>

#include <new>
#include <optional>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {
namespace {

using detail::ClientCore;
using detail::RawReply;

/// Makes the error of a call that made no attempt. Cost: allocates only for a guide or a sentence.
ApiError unattempted(const ClientCore& core, const Failure& failure,
                     std::string why = std::string()) noexcept {
    if (core.options.guide.is_neutral() && why.empty()) {
        return ApiError{failure};
    }
    return {failure, {.message = std::move(why), .guide = core.options.guide}};
}

ApiError unsent(const ClientCore& core, FailureKind kind, std::string why = std::string()) noexcept {
    return unattempted(core, {.kind = kind, .reach = Reach::never_sent}, std::move(why));
}

Failure refused_by_client() noexcept {
    return {
        .kind = FailureKind::client_closed, .reach = Reach::refused_here, .refused_by = RefusedBy::client};
}

/// Prepares a wish; what is wrong with it, and a lack of memory, become the call's error.
expected<detail::Prepared, ApiError> prepared(const ClientCore& core, detail::Wish& wish) noexcept {
    try {
        auto made = detail::prepare(core, wish);
        if (made) {
            return std::move(*made);
        }
        return fail(unsent(core, FailureKind::invalid_request, std::move(made.error())));
    } catch (const std::bad_alloc&) {
        return fail(unsent(core, FailureKind::out_of_memory));
    } catch (...) { // the caller's own key generator or token source
        return fail(unsent(core, FailureKind::exception));
    }
}

ApiError error_of(Response response, ApiError::Detail detail, detail::ApiOperation& operation) noexcept {
    const Failure failure = response.facts();
    try {
        auto body = operation.take_error_body(response);
        detail.code = std::move(body.code);
        detail.description = std::move(body.description);
        detail.details = std::move(body.details);
        detail.details_json = std::move(body.details_json);
        detail.request_id = std::move(body.request_id);
        if (detail.request_id.empty()) {
            detail.request_id = request_id_of(response.fields());
        }
    } catch (
        const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): the error stands without what the body says
    }
    detail.response = std::move(response);
    return {failure, std::move(detail)};
}

ApiError error_of(const TransportError& error, ApiError::Detail detail) noexcept {
    const auto* told = error.detail();
    if (detail.history.total() == 0 && told == nullptr && detail.idempotency_key.empty() &&
        detail.guide.is_neutral()) {
        return ApiError{error.failure()}; // a refusal: nothing to tell beyond it
    }
    try {
        detail.cause = error.cause();
        if (told != nullptr) {
            detail.message = told->message;
        }
    } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): the error stands without the sentence
    }
    return {error.failure(), std::move(detail)};
}

/// Tells that the call ended with this error, if anybody wants to know.
ApiError told(const std::shared_ptr<detail::CallRecord>& record, ApiError error) noexcept {
    if (record) {
        record->ended(&error, Response{});
    }
    return error;
}

expected<RawReply, ApiError> conclude(const ClientCore& core, detail::Prepared& prepared,
                                      detail::ApiOperation& operation,
                                      expected<Response, TransportError> outcome,
                                      std::shared_ptr<detail::CallRecord> record) noexcept {
    ApiError::Detail detail;
    detail.idempotency_key = std::move(prepared.idempotency_key);
    detail.history = operation.take_history();
    detail.guide = core.options.guide;
    detail.safe_to_repeat = prepared.request.safe_to_repeat;
    if (!outcome) {
        return fail(told(record, error_of(outcome.error(), std::move(detail))));
    }
    if (outcome->ok() || outcome->status() == 304) {
        return RawReply{std::move(*outcome), std::move(detail), core.options.codec, std::move(record)};
    }
    return fail(told(record, error_of(std::move(*outcome), std::move(detail), operation)));
}

/// Runs one call. Its only real suspension is the pipeline's: see `decoded`.
asio::awaitable<expected<RawReply, ApiError>> run_call(std::shared_ptr<const ClientCore> core,
                                                       detail::Wish wish) {
    const TimePoint began = core->options.runtime->now();
    auto record = detail::CallRecord::begin(core, wish);
    auto executor = co_await asio::this_coro::executor;
    detail::ActiveCall active{core->calls, std::move(executor)};
    if (!active.entered()) {
        const Failure failure = refused_by_client();
        co_return fail(told(record, unattempted(*core, failure)));
    }
    auto ready = prepared(*core, wish);
    if (!ready) {
        co_return fail(told(record, std::move(ready.error())));
    }
    CallSettings settings = detail::settings_of(*core, *ready, wish.options.values(), began);
    settings.stop = &active.stop();
    std::optional<detail::CredentialUse> credential;
    if (ready->fresh_token && core->options.bearer.refreshes()) {
        settings.credentials = &credential.emplace(core);
    }
    if (record) {
        record->attach(settings);
    }
    detail::ApiOperation operation{*core, *ready, active, began, settings.credentials, record.get()};
    auto outcome = co_await core->options.pipeline.run(*core->options.runtime, settings, operation);
    if (credential) {
        credential->explain(outcome);
    }
    co_return conclude(*core, *ready, operation, std::move(outcome), std::move(record));
}

} // namespace

ApiClient::ApiClient(asio::any_io_executor executor, ApiClientOptions options)
    : core_(std::make_shared<const ClientCore>(std::move(executor), std::move(options))) {}

asio::awaitable<expected<RawReply, ApiError>>
ApiClient::call(std::string method, std::string target, bool is_link, Body body, CallOptions options) const {
    return run_call(core_, detail::Wish{std::move(method), std::move(target), is_link, std::move(body),
                                        std::move(options)});
}

ApiClient ApiClient::with(const CallOptions& overrides) const {
    auto derived = std::make_shared<ClientCore>(*core_);
    derived->add_defaults(overrides);
    return ApiClient{std::move(derived)};
}

ApiClient ApiClient::with(ResponsePipeline pipeline) const {
    detail::check_credentials(core_->options.bearer, pipeline);
    auto derived = std::make_shared<ClientCore>(*core_);
    derived->options.pipeline = std::move(pipeline);
    return ApiClient{std::move(derived)};
}

asio::awaitable<std::size_t> ApiClient::shutdown(Duration grace) const {
    return detail::shut_down(core_, grace);
}

const asio::any_io_executor& ApiClient::get_executor() const noexcept {
    return core_->executor;
}

const ResponsePipeline& ApiClient::pipeline() const noexcept {
    return core_->options.pipeline;
}

std::string ApiClient::describe() const {
    return core_->options.pipeline.describe();
}

} // namespace backstay::inline BACKSTAY_ABI
