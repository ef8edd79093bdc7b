#include <backstay/telemetry/log_observer.hpp>

#include "core/check_option.hpp"
#include "telemetry/failure_tally.hpp"
#include "telemetry/line_limit.hpp"
#include "telemetry/logfmt.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr std::size_t longest_history = 4'000; // 30 attempts with their request ids
constexpr std::size_t commonest = 3;

LogLevel level_of(const Event& event) noexcept {
    using enum FailureKind;
    if (event.type == EventType::circuit_opened) {
        return LogLevel::warn;
    }
    if (event.type != EventType::call_ended || event.kind == canceled || event.kind == client_closed) {
        return LogLevel::info;
    }
    const bool answered = event.status >= 300 && event.status < 500;
    const bool refused = event.kind >= circuit_open && event.kind <= throttled;
    return answered || refused ? LogLevel::warn : LogLevel::error;
}

std::string one_decimal(double value) {
    std::array<char, 64> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 1).ptr;
    return {text.data(), end};
}

std::string_view reason_in_words(StopReason reason) noexcept {
    return reason == StopReason::none ? std::string_view{} : to_string(reason);
}

std::string_view refuser_in_words(RefusedBy by) noexcept {
    return by == RefusedBy::none ? std::string_view{} : to_string(by);
}

} // namespace

std::string_view to_string(LogLevel level) noexcept {
    static constexpr std::array<std::string_view, 3> names{"info", "warn", "error"};
    return names.at(static_cast<std::size_t>(level));
}

struct LogObserver::State {
    explicit State(LogOptions given)
        : options(std::move(given)), limit(options.lines_per_second), tally(options.max_origins) {}

    const LogOptions options;
    std::mutex mutex; ///< for all that follows
    detail::LineLimit limit;
    detail::FailureTally tally;
    std::atomic<std::uint64_t> suppressed{0};
};

LogObserver::LogObserver(LogOptions options)
    : Observer(EventSet()
                   .add(EventType::attempt_ended)
                   .add(EventType::call_ended)
                   .add(EventType::circuit_opened)
                   .add(EventType::circuit_half_open)
                   .add(EventType::circuit_closed)
                   .add_texts()) {
    check_option(options.lines_per_second >= 0 && options.lines_per_second <= 1e6,
                 "LogOptions.lines_per_second", options.lines_per_second, "0 (no limit) to 1e6");
    check_option(options.max_origins >= 1, "LogOptions.max_origins", options.max_origins, "1 or more");
    state_ = std::make_unique<State>(std::move(options));
}

LogObserver::~LogObserver() = default;

std::uint64_t LogObserver::suppressed() const noexcept {
    return state_->suppressed.load(std::memory_order_relaxed);
}

void LogObserver::on_event(const Event& event) {
    switch (event.type) {
    case EventType::attempt_ended:
        if (event.kind != FailureKind::none && state_->options.classifier[event.kind].vote == Vote::failure) {
            const std::lock_guard lock(state_->mutex);
            state_->tally.count(event.origin, event.kind, event.at);
        }
        break;
    case EventType::call_ended:
        if (event.kind != FailureKind::none && level_of(event) >= state_->options.least) {
            call_failed(event);
        }
        break;
    default:
        circuit_changed(event);
        break;
    }
}

void LogObserver::call_failed(const Event& event) {
    std::uint64_t suppressed = 0;
    {
        const std::lock_guard lock(state_->mutex);
        if (!state_->limit.admit(event.at)) {
            state_->suppressed.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        suppressed = state_->limit.take_suppressed();
    }
    detail::LogfmtLine line;
    line.field("level", to_string(level_of(event)))
        .field("event", "call_failed")
        .field("operation", event.operation)
        .field("origin", event.origin)
        .field("address", event.remote)
        .field("kind", to_string(event.kind));
    if (event.status != 0) {
        line.field("status", event.status);
    }
    if (event.certainty) {
        line.field("certainty", to_string(*event.certainty));
    }
    line.field("stop_reason", reason_in_words(event.stop_reason))
        .field("refused_by", refuser_in_words(event.refused_by))
        .field("attempts", static_cast<std::uint64_t>(event.attempt))
        .field("message", event.message)
        .field("tried", event.detail, longest_history);
    if (event.resends > 0) {
        line.field("resends", static_cast<std::uint64_t>(event.resends));
    }
    line.field("duration", event.duration).field("queued", event.queued).field("deadline_left", event.delay);
    if (const auto left = budget_left(event)) {
        line.field("budget_left", one_decimal(*left));
    }
    line.field("request_id", event.request_id).field("trace_id", event.trace_id);
    if (suppressed > 0) {
        line.field("suppressed", suppressed);
    }
    write(line.text());
}

/// Nothing as well when the caller's function throws: the line is written without it.
std::optional<double> LogObserver::budget_left(const Event& event) const noexcept {
    try {
        return state_->options.budget_left ? state_->options.budget_left(event) : std::nullopt;
    } catch (...) {
        return std::nullopt;
    }
}

void LogObserver::circuit_changed(const Event& event) {
    std::string kinds;
    {
        const std::lock_guard lock(state_->mutex);
        kinds = state_->tally.take(event.origin, commonest);
    }
    if (level_of(event) < state_->options.least) {
        return;
    }
    detail::LogfmtLine line;
    line.field("level", to_string(level_of(event)))
        .field("event", to_string(event.type))
        .field("origin", event.origin)
        .field("operation", event.operation);
    if (event.kind != FailureKind::none) {
        line.field("kind", to_string(event.kind));
    }
    if (event.status != 0) {
        line.field("status", event.status);
    }
    line.field("open_for", event.delay)
        .field("counts", event.detail)
        .field("commonest", kinds)
        .field("dry_run", event.dry_run ? "true" : "")
        .field("trace_id", event.trace_id);
    write(line.text());
}

void LogObserver::write(std::string_view line) const {
    if (state_->options.sink) {
        state_->options.sink(line);
        return;
    }
    const std::string whole = std::string(line) + '\n';
    std::fwrite(whole.data(), 1, whole.size(), stderr); // one call: lines of several threads do not mix
}

} // namespace backstay::inline BACKSTAY_ABI
