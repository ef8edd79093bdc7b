#include <backstay/policy/circuit_breaker.hpp>

#include "policy/check_option.hpp"
#include "policy/circuit_table.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

using namespace std::chrono_literals;

/// Far beyond any use, and such that twice of it does not overflow the clock.
constexpr Duration longest_time = 24h * 365;

void validate(const CircuitBreakerOptions& options) {
    const auto check = [](bool valid, std::string_view field, auto value, const std::string& allowed) {
        check_option(valid, std::string("CircuitBreakerOptions.").append(field), value, allowed);
    };
    const auto time = [&](std::string_view field, Duration value, Duration least, Duration most) {
        check(least <= value && value <= most, field, value, to_text(least) + " to " + to_text(most));
    };
    const auto count = [&](std::string_view field, int value, int least, int most) {
        check(least <= value && value <= most, field, value,
              std::to_string(least) + " to " + std::to_string(most));
    };
    constexpr int most_calls = 1'000'000;
    const bool by_count = options.window == CircuitWindow::count;

    time("window_length", options.window_length, 10ms, longest_time);
    count("window_calls", options.window_calls, 1, most_calls);
    count("minimum_calls", options.minimum_calls, 1, by_count ? options.window_calls : most_calls);
    check(options.failure_ratio > 0 && options.failure_ratio <= 1, "failure_ratio", options.failure_ratio,
          "above 0, at most 1");
    count("consecutive_failures", options.consecutive_failures,
          options.window == CircuitWindow::consecutive ? 1 : 0, most_calls);
    check(options.slow_ratio >= 0 && options.slow_ratio <= 1, "slow_ratio", options.slow_ratio,
          "0 (never) to 1");
    time("slow_after", options.slow_after, options.slow_ratio > 0 ? Duration(1) : 0s, longest_time);
    time("max_open", options.max_open, 1ms, longest_time);
    time("longest_open_for", options.longest_open_for, 1ms, options.max_open);
    time("open_for", options.open_for, 1ms, options.longest_open_for);
    check(options.open_jitter >= 0 && options.open_jitter <= 0.5, "open_jitter", options.open_jitter,
          "0 to 0.5");
    count("probes", options.probes, 1, 1'000);
    count("probe_successes", options.probe_successes, 1, 1'000);
    time("probe_lease", options.probe_lease, 1ms, longest_time);
    time("min_observed", options.min_observed, 0s, longest_time);
    check(options.max_keys > 0, "max_keys", options.max_keys, "1 or more");
    check(options.key != nullptr, "key", std::string_view("null"), "a function");
}

Failure refuse_isolated(TimePoint until, TimePoint now) noexcept {
    if (until != end_of_time) {
        return refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, until - now);
    }
    return {.kind = FailureKind::circuit_open,
            .reach = Reach::refused_here,
            .refused_by = RefusedBy::circuit_breaker}; // nobody knows when: no hint
}

/// Says what would have been, and does not do it.
Admission let_through(const Admission& answer, const CallContext& call) noexcept {
    if (answer.answer == Admission::Answer::reject) {
        call.notify({.type = EventType::refused,
                     .kind = answer.failure.kind,
                     .refused_by = answer.failure.refused_by,
                     .dry_run = true,
                     .delay = answer.failure.hint});
    }
    return Admission::proceed();
}

std::string percent(double ratio) {
    std::array<char, 32> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), ratio * 100, std::chars_format::general, 3).ptr;
    return std::string(text.data(), end) + " %";
}

} // namespace

std::string_view to_string(CircuitState state) noexcept {
    static constexpr std::array<std::string_view, 4> names{"closed", "open", "half_open", "isolated"};
    return names.at(static_cast<std::size_t>(state));
}

CircuitBreaker::CircuitBreaker(const CircuitBreakerOptions& options) {
    validate(options);
    table_ = std::make_shared<detail::CircuitTable>(options);
}

CircuitBreaker CircuitBreaker::clone() const {
    return CircuitBreaker(options());
}

const CircuitBreakerOptions& CircuitBreaker::options() const noexcept {
    return *table_->options;
}

StageDescription CircuitBreaker::describe() const {
    const CircuitBreakerOptions& with = options();
    const std::string in_a_row = std::to_string(with.consecutive_failures) + " failures in a row";
    std::string text = "opens at ";
    if (with.window == CircuitWindow::consecutive) {
        text += in_a_row;
    } else {
        text += percent(with.failure_ratio) + " failures of at least " + std::to_string(with.minimum_calls) +
                (with.window == CircuitWindow::time
                     ? " calls in " + to_text(with.window_length)
                     : " of the last " + std::to_string(with.window_calls) + " calls") +
                (with.consecutive_failures > 0 ? " or, with fewer calls, at " + in_a_row : "");
    }
    if (with.slow_ratio > 0) {
        text += " or at " + percent(with.slow_ratio) + " slower than " + to_text(with.slow_after);
    }
    text += ", for " + to_text(with.open_for) + " .. " + to_text(with.longest_open_for) + ", then " +
            std::to_string(with.probes) + " probes of which " + std::to_string(with.probe_successes) +
            " close it";
    text += with.unkeyed ? ", one circuit for all" : "";
    text += with.wait_for_probe ? ", others wait for them" : "";
    text += with.dry_run ? ", dry run" : "";
    return {.name = "circuit_breaker", .settings = text};
}

Admission CircuitBreaker::admit(Call& mine, CallContext& call) noexcept {
    if (mine.circuit_ == nullptr) {
        table_->obtain(call.key, mine.circuit_);
    }
    if (mine.circuit_ != nullptr && call.now >= table_->isolated_until() && !table_->dry_run) [[likely]] {
        return mine.circuit_->admit(mine, call);
    }
    return admit_otherwise(mine, call);
}

Admission CircuitBreaker::admit_otherwise(Call& mine, CallContext& call) noexcept {
    if (const TimePoint until = table_->isolated_until();
        call.now < until) { // also in a dry run, also unwatched
        if (mine.circuit_ != nullptr) {
            mine.circuit_->give_back(mine); // a call that was woken to be a probe: the next one may
        }
        return Admission::reject(refuse_isolated(until, call.now));
    }
    if (mine.circuit_ == nullptr) {
        return Admission::proceed();
    }
    const Admission answer = mine.circuit_->admit(mine, call);
    return table_->dry_run ? let_through(answer, call) : answer;
}

Verdict CircuitBreaker::settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
    if (mine.circuit_ != nullptr) [[likely]] {
        mine.circuit_->settle(mine, call, failure);
    }
    return Verdict::pass();
}

bool CircuitBreaker::enqueue(Call& mine, Waker waker) noexcept {
    return mine.circuit_->enqueue(mine, std::move(waker));
}

void CircuitBreaker::Call::give_back() noexcept {
    circuit_->give_back(*this);
}

CircuitBreaker::Isolation CircuitBreaker::isolate(TimePoint until) {
    return {table_, table_->isolate(until)};
}

void CircuitBreaker::Isolation::release() noexcept {
    if (const auto table = std::exchange(table_, nullptr)) {
        table->end_isolation(id_);
    }
}

void CircuitBreaker::close() {
    table_->close();
}

CircuitSnapshot CircuitBreaker::snapshot(TimePoint now, const CallKey& key) const noexcept {
    return table_->snapshot(now, key);
}

std::vector<KeyedCircuitSnapshot> CircuitBreaker::snapshots(TimePoint now) const {
    return table_->snapshots(now);
}

} // namespace backstay::inline BACKSTAY_ABI
