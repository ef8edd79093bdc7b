#include <backstay/api/call_options.hpp>

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI {

CallOptions::CallOptions() = default;
CallOptions::CallOptions(const CallOptions&) = default;
CallOptions::CallOptions(CallOptions&&) noexcept = default;
CallOptions& CallOptions::operator=(const CallOptions&) = default;
CallOptions& CallOptions::operator=(CallOptions&&) noexcept = default;
CallOptions::~CallOptions() = default;

CallOptions& CallOptions::deadline(TimePoint at) {
    values_.deadline = at;
    return *this;
}

CallOptions& CallOptions::timeout(Duration limit) {
    values_.timeout = limit;
    return *this;
}

CallOptions& CallOptions::idempotency_key(std::string key) {
    values_.idempotency_key = std::move(key);
    return *this;
}

CallOptions& CallOptions::header(std::string_view name, std::string value) {
    values_.headers.set(name, std::move(value));
    return *this;
}

CallOptions& CallOptions::query(std::string name, std::string value) {
    values_.query.emplace_back(std::move(name), std::move(value));
    return *this;
}

CallOptions& CallOptions::without(Stage stage) {
    values_.without.add(stage);
    return *this;
}

CallOptions& CallOptions::priority(Priority priority) {
    values_.priority = priority;
    return *this;
}

CallOptions& CallOptions::partition(std::string partition) {
    values_.partition = std::move(partition);
    return *this;
}

CallOptions& CallOptions::operation(std::string label) {
    values_.operation = std::move(label);
    return *this;
}

CallOptions& CallOptions::allow_unsafe_retry(bool allow) {
    values_.allow_unsafe_retry = allow;
    return *this;
}

CallOptions& CallOptions::max_server_wait(Duration limit) {
    values_.max_server_wait = std::max(limit, Duration::zero());
    return *this;
}

CallOptions& CallOptions::max_body(std::size_t bytes) {
    values_.max_body = bytes;
    return *this;
}

CallOptions& CallOptions::sink(std::shared_ptr<BodySink> sink) {
    values_.sink = std::move(sink);
    return *this;
}

CallOptions& CallOptions::observer(Observer& observer) {
    values_.observer = &observer;
    return *this;
}

CallOptions& CallOptions::trace_parent(std::string traceparent, std::string tracestate) {
    values_.trace_parent = std::move(traceparent);
    values_.trace_state = std::move(tracestate);
    return *this;
}

CallOptions& CallOptions::fill_from(const CallOptions& defaults) {
    const auto& open = defaults.values_;
    const auto fill = [](auto& own, const auto& other, bool unset) {
        if (unset) {
            own = other;
        }
    };
    fill(values_.deadline, open.deadline, !values_.deadline);
    fill(values_.timeout, open.timeout, !values_.timeout);
    fill(values_.idempotency_key, open.idempotency_key, values_.idempotency_key.empty());
    fill(values_.priority, open.priority, !values_.priority);
    fill(values_.partition, open.partition, values_.partition.empty());
    fill(values_.operation, open.operation, values_.operation.empty());
    fill(values_.allow_unsafe_retry, open.allow_unsafe_retry, !values_.allow_unsafe_retry);
    fill(values_.max_server_wait, open.max_server_wait, !values_.max_server_wait);
    fill(values_.max_body, open.max_body, !values_.max_body);
    fill(values_.observer, open.observer, values_.observer == nullptr);
    values_.without.add(open.without);
    for (const auto& field : open.headers) {
        if (!values_.headers.has(field.name)) {
            values_.headers.add(field.name, field.value);
        }
    }
    values_.query.insert(values_.query.begin(), open.query.begin(), open.query.end());
    return *this;
}

} // namespace backstay::inline BACKSTAY_ABI
