#include "api/call_record.hpp"

#include "api/attempts_text.hpp"

#include <new>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

/// The call's own value, else the client's.
template <class T>
const T& either(const T& own, const T& otherwise) noexcept {
    return own == T{} ? otherwise : own;
}

/// What may be logged of an error's message: of most kinds it may hold words of the server's. So may that of
/// a call that got no token, which repeats what the authorization server said.
std::string_view words_of_ours(const ApiError& error, std::string_view fault) noexcept {
    if (error.kind() == FailureKind::decode_error) {
        return fault;
    }
    const bool ours = error.kind() == FailureKind::invalid_request && error.status() == 0 &&
                      error.refused_by() != RefusedBy::credentials;
    return ours ? std::string_view{error.message()} : std::string_view{};
}

} // namespace

std::shared_ptr<CallRecord> CallRecord::begin(std::shared_ptr<const ClientCore> core,
                                              const Wish& wish) noexcept {
    const auto& own = wish.options.values();
    const auto& defaults = core->options.defaults.values();
    Observer* const observer = either(either(own.observer, defaults.observer), core->options.observer);
    const bool watched = observer != nullptr && (observer->wants(EventType::attempt_ended) ||
                                                 observer->wants(EventType::call_ended));
    const bool sends = core->options.trace.tracer != nullptr || core->options.trace.propagate;
    const bool continues = observer != nullptr && !own.trace_parent.empty();
    if (!watched && !sends && !continues) {
        return nullptr;
    }
    try {
        return std::make_shared<CallRecord>(std::move(core), wish, observer, sends || continues);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

CallRecord::CallRecord(std::shared_ptr<const ClientCore> core, const Wish& wish, Observer* observer,
                       bool traced)
    : core_(std::move(core)), observer_(observer) {
    const auto& own = wish.options.values();
    const auto& defaults = core_->options.defaults.values();
    operation_ = either(either(own.operation, defaults.operation), wish.method);
    if (traced) {
        trace_.emplace(*core_, own, operation_, wish.method);
        notes_.trace_id = trace_->trace_id();
    }
}

void CallRecord::attach(CallSettings& settings) noexcept {
    settings.notes = &notes_;
    settings.tell_end = false;
}

CallRecord::Attempt CallRecord::begin_attempt(int number, TimePoint at) noexcept {
    ++attempts_;
    return trace_ ? trace_->begin_attempt(number, at) : Attempt{};
}

void CallRecord::add_trace(const Attempt& attempt, const Request& shared,
                           std::optional<Request>& own) const noexcept {
    if (!trace_ || !trace_->sends()) {
        return;
    }
    try {
        if (!own) {
            own = shared;
        }
        trace_->add_to(own->fields, attempt);
    } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): it goes without
    }
}

void CallRecord::end_attempt(Attempt attempt, const History::Outcome& outcome, TimePoint at) noexcept {
    if (observer_ != nullptr && observer_->wants(EventType::attempt_ended)) {
        notes_.attempt.status = static_cast<std::uint16_t>(outcome.status());
        if (const ExchangeInfo* const exchange = outcome.exchange()) {
            notes_.attempt.first_byte_time = exchange->first_byte_time;
            notes_.attempt.remote = exchange->remote;
        }
        if (observer_->wants_texts()) {
            notes_.attempt.request_id = outcome.known_request_id();
        }
    }
    if (trace_) {
        trace_->end_attempt(std::move(attempt), outcome, at);
    }
}

void CallRecord::ended(const ApiError* error, const Response& response, std::string_view fault) noexcept {
    if (trace_) {
        CallTrace::Ending ending{.status = response.status(), .attempts = attempts_};
        if (error != nullptr) {
            ending = {.kind = error->kind(),
                      .status = error->status(),
                      .attempts = error->attempt_count(),
                      .stop_reason = error->stop_reason(),
                      .refused_by = error->refused_by(),
                      .certainty = error->certainty(),
                      .request_id = error->request_id()};
        }
        trace_->end(ending, core_->options.runtime->now());
    }
    if (observer_ == nullptr || !observer_->wants(EventType::call_ended)) {
        return;
    }
    Event& event = notes_.end;
    if (event.type != EventType::call_ended) { // it never came to the driver
        event.type = EventType::call_ended;
        event.at = core_->options.runtime->now();
    }
    event.origin = core_->origin;
    event.operation = operation_;
    event.trace_id = notes_.trace_id;
    if (error == nullptr) {
        event.status = static_cast<std::uint16_t>(response.status());
        event.certainty = Certainty::answered;
        event.remote = response.exchange().remote;
        if (observer_->wants_texts()) {
            event.request_id = request_id_of(response.fields());
        }
        observer_->notify(event);
    } else {
        tell_failure(*error, fault);
    }
}

void CallRecord::tell_failure(const ApiError& error, std::string_view fault) {
    const Failure& failure = error.failure();
    Event& event = notes_.end;
    event.kind = failure.kind;
    event.stop_reason = failure.stop_reason;
    event.refused_by = failure.refused_by;
    event.status = failure.status;
    event.hint_flags = failure.flags;
    event.certainty = error.certainty();
    event.request_id = error.request_id();
    std::vector<backstay::Attempt> attempts; // outlives the telling
    std::string words;
    if (observer_->wants_texts()) {
        event.message = words_of_ours(error, fault);
        try {
            attempts = error.attempts();
            words = attempts_text(attempts);
            event.detail = words;
            event.remote = attempts.empty() ? std::string_view{} : std::string_view{attempts.back().remote};
        } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): it is told without
        }
    }
    observer_->notify(event);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
