#include "api/call_trace.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

/// A few attributes, without memory of their own.
class Attributes {
public:
    Attributes& add(std::string_view name, std::string_view value) noexcept {
        return value.empty() ? *this : put({.name = name, .value = value});
    }
    Attributes& add(std::string_view name, std::int64_t value) noexcept {
        return value == 0 ? *this : put({.name = name, .value = value});
    }
    [[nodiscard]] std::span<const SpanAttribute> list() const noexcept {
        return std::span(attributes_).first(count_);
    }

private:
    Attributes& put(SpanAttribute attribute) noexcept {
        attributes_.at(count_++) = attribute;
        return *this;
    }

    std::array<SpanAttribute, 8> attributes_{};
    std::size_t count_ = 0;
};

Attributes about_request(const ClientCore& core, std::string_view method) noexcept {
    const Origin& origin = core.base.origin();
    Attributes attributes;
    attributes.add("http.request.method", method)
        .add("server.address", origin.host)
        .add("server.port", origin.port)
        .add("url.scheme", origin.scheme);
    return attributes;
}

/// `192.0.2.1:443` or `[2001:db8::1]:443` in its parts; what has no port is all address.
void add_peer(Attributes& attributes, std::string_view remote) noexcept {
    const std::size_t colon = remote.rfind(':');
    std::int64_t port = 0;
    if (colon != std::string_view::npos &&
        std::from_chars(remote.data() + colon + 1, remote.data() + remote.size(), port).ec == std::errc{}) {
        remote = remote.substr(0, colon);
    }
    if (remote.starts_with('[') && remote.ends_with(']')) {
        remote = remote.substr(1, remote.size() - 2);
    }
    attributes.add("network.peer.address", remote).add("network.peer.port", port);
}

std::string_view error_type(FailureKind kind) noexcept {
    return kind == FailureKind::none ? std::string_view{} : to_string(kind);
}

} // namespace

CallTrace::CallTrace(const ClientCore& core, const CallOptions::Values& options, std::string_view operation,
                     std::string method)
    : core_(core),
      tracer_(core.options.trace.tracer),
      operation_(operation),
      method_(std::move(method)),
      random_(core.options.runtime->seed()) {
    const auto parent = parse_traceparent(options.trace_parent);
    if (parent) {
        context_ = new_span(*parent, random_);
        if (!field_fault("tracestate", options.trace_state)) {
            trace_state_ = options.trace_state;
        }
    } else {
        context_ = new_trace(random_);
        context_.sampled = tracer_ != nullptr;
    }
    if (parent || sends()) {
        trace_id_ = to_hex(context_.trace_id);
    }
    if (tracer_ != nullptr) {
        const Attributes attributes = about_request(core_, method_);
        span_ = tracer_->begin_call({.name = operation_,
                                     .context = context_,
                                     .parent = parent,
                                     .trace_state = trace_state_,
                                     .at = core_.options.runtime->now(),
                                     .attributes = attributes.list()});
        context_.sampled = parent ? context_.sampled : span_ != nullptr;
        context_ = tracer_->context_of(span_.get(), context_);
        trace_id_ = to_hex(context_.trace_id);
    }
}

CallTrace::Attempt CallTrace::begin_attempt(int number, TimePoint at) noexcept {
    Attempt attempt{.span = nullptr, .context = new_span(context_, random_)};
    if (tracer_ != nullptr) {
        Attributes attributes = about_request(core_, method_);
        attributes.add("http.request.resend_count", std::int64_t{number} - 1);
        attempt.span = tracer_->begin_attempt(span_.get(), {.name = operation_,
                                                            .context = attempt.context,
                                                            .parent = context_,
                                                            .trace_state = trace_state_,
                                                            .attempt = number,
                                                            .at = at,
                                                            .attributes = attributes.list()});
        attempt.context = tracer_->context_of(attempt.span.get(), attempt.context);
    }
    return attempt;
}

void CallTrace::add_to(Fields& fields, const Attempt& attempt) const {
    fields.set("traceparent", to_traceparent(attempt.context));
    if (!trace_state_.empty()) {
        fields.set("tracestate", trace_state_);
    } else {
        fields.remove("tracestate"); // it would belong to another trace
    }
}

void CallTrace::end_attempt(Attempt attempt, const History::Outcome& outcome, TimePoint at) noexcept {
    if (!attempt.span) {
        return;
    }
    const ExchangeInfo* const exchange = outcome.exchange();
    Attributes attributes;
    attributes.add("http.response.status_code", outcome.status())
        .add("error.type", error_type(outcome.failure.kind))
        .add("backstay.request_id", outcome.known_request_id());
    if (exchange != nullptr) {
        add_peer(attributes, exchange->remote);
    }
    tracer_->end(std::move(attempt.span), {.kind = outcome.failure.kind,
                                           .status = outcome.status(),
                                           .at = at,
                                           .attributes = attributes.list()});
}

void CallTrace::end(const Ending& ending, TimePoint at) noexcept {
    if (!span_) {
        return;
    }
    Attributes attributes;
    attributes.add("http.response.status_code", ending.status)
        .add("error.type", error_type(ending.kind))
        .add("backstay.attempts", ending.attempts)
        .add("backstay.certainty", to_string(ending.certainty))
        .add("backstay.stop_reason",
             ending.stop_reason == StopReason::none ? "" : to_string(ending.stop_reason))
        .add("backstay.refused_by", ending.refused_by == RefusedBy::none ? "" : to_string(ending.refused_by))
        .add("backstay.request_id", ending.request_id);
    tracer_->end(std::move(span_),
                 {.kind = ending.kind, .status = ending.status, .at = at, .attributes = attributes.list()});
}

} // namespace backstay::inline BACKSTAY_ABI::detail
