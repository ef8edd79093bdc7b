#include "policy/circuit.hpp"

#include "policy/cut_too_soon.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

OutcomeWindow make_window(const CircuitBreakerOptions& options) {
    return options.window == CircuitWindow::count
               ? OutcomeWindow(static_cast<std::uint32_t>(options.window_calls))
               : OutcomeWindow(options.window_length);
}

double ratio(std::uint64_t part, std::uint64_t whole) noexcept {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

} // namespace

Circuit::Circuit(std::shared_ptr<const CircuitBreakerOptions> options)
    : slow_after_(options->slow_ratio > 0 ? options->slow_after : Duration::max()),
      window_(make_window(*options)),
      options_(std::move(options)),
      places_(options_->probes) {}

// ---- admitting

Admission Circuit::admit_probe(Call& mine, CallContext& call) noexcept {
    std::optional<Change> change;
    const Admission answer = [&] {
        const std::lock_guard lock(mutex_);
        if (state() == CircuitState::closed) { // while this thread came here
            return pass(mine, word_.load(std::memory_order_relaxed));
        }
        if (state() == CircuitState::open) {
            if (call.now < open_until()) {
                return refuse(open_until() - call.now);
            }
            change = half_open(call.now);
        }
        if (const auto taken = places_.take(call.now, options_->probe_lease)) {
            mine.held_ = Call::Held::probe;
            mine.ticket_ = taken->number;
            mine.place_ = taken->place;
            return Admission::proceed();
        }
        const TimePoint lease_end = places_.first_lease_end();
        // The probes decide long before their leases end, as a rule: the shortest open time is a fair guess.
        return options_->wait_for_probe ? Admission::wait(lease_end)
                                        : refuse(std::min(lease_end - call.now, options_->open_for));
    }();
    tell(call, change);
    return answer;
}

// ---- settling

Vote Circuit::vote(const CallContext& call, const Failure* failure) const noexcept {
    if (failure == nullptr) {
        return Vote::success;
    }
    if (failure->reach == Reach::refused_here || cut_too_soon(call, *failure, options_->min_observed)) {
        return Vote::neutral;
    }
    return options_->classifier[failure->kind].vote;
}

void Circuit::settle_pass(const Call& mine, CallContext& call, const Failure* failure) noexcept {
    const Vote voted = vote(call, failure);
    if (voted == Vote::neutral) {
        return;
    }
    const CallOutcome outcome{.failed = voted == Vote::failure,
                              .slow = call.now - call.attempt_began > slow_after_};
    std::optional<Change> change;
    {
        const std::lock_guard lock(mutex_);
        if (word_.load(std::memory_order_relaxed) != mine.ticket_) {
            return;
        }
        window_.count(call.now, outcome);
        failures_in_a_row_.store(outcome.failed ? failures_in_a_row_.load(std::memory_order_relaxed) + 1 : 0,
                                 std::memory_order_relaxed);
        if (must_open(call.now, outcome)) {
            change = open(call, failure);
        }
    }
    tell(call, change);
}

bool Circuit::must_open(TimePoint now, CallOutcome outcome) const noexcept {
    if (!outcome.failed && !outcome.slow) {
        return false;
    }
    const OutcomeCounts counts = window_.counts(now);
    const bool enough = counts.calls >= static_cast<std::uint64_t>(options_->minimum_calls);
    if (outcome.slow && enough && ratio(counts.slow, counts.calls) >= options_->slow_ratio) {
        return true;
    }
    if (outcome.failed && enough && options_->window != CircuitWindow::consecutive) {
        return ratio(counts.failures, counts.calls) >= options_->failure_ratio;
    }
    return outcome.failed && options_->consecutive_failures > 0 &&
           failures_in_a_row_.load(std::memory_order_relaxed) >=
               static_cast<std::uint32_t>(options_->consecutive_failures);
}

void Circuit::settle_probe(const Call& mine, CallContext& call, const Failure* failure) noexcept {
    Vote voted = vote(call, failure);
    if (voted == Vote::neutral && failure->reach == Reach::answered &&
        failure->kind != FailureKind::canceled) {
        voted = Vote::success; // it answers: that is what a probe asks; a cancelled one decides nothing
    }
    std::optional<Change> change;
    std::size_t called = 1;
    {
        const std::lock_guard lock(mutex_);
        if (!places_.give_back(permit(mine))) {
            return;
        }
        if (voted == Vote::failure) {
            change = open(call, failure);
        } else if (voted == Vote::success && ++probe_successes_ >= options_->probe_successes) {
            change = close(call.now);
        }
        if (change) {
            called = queued_;
        }
    }
    wake(called);
    tell(call, change);
}

// ---- changing state

void Circuit::enter(CircuitState state) noexcept {
    const std::uint32_t generation = (word_.load(std::memory_order_relaxed) >> 2U) + 1;
    word_.store(generation << 2U | static_cast<std::uint32_t>(state), std::memory_order_release);
    places_.clear();
    probe_successes_ = 0;
}

Duration Circuit::draw_open_time(Random* random) const noexcept {
    Duration time = options_->open_for;
    for (std::uint32_t opening = 0; opening < openings_ && time < options_->longest_open_for; ++opening) {
        time = time > options_->longest_open_for / 2 ? options_->longest_open_for : time * 2;
    }
    if (random == nullptr) {
        return time;
    }
    const double factor = random->between(1 - options_->open_jitter, 1 + options_->open_jitter);
    return Duration(static_cast<Duration::rep>(static_cast<double>(time.count()) * factor));
}

Circuit::Change Circuit::open(const CallContext& call, const Failure* cause) noexcept {
    if (state() == CircuitState::closed && openings_ > 0 && window_.whole_since(closed_since_, call.now)) {
        openings_ = 0;
    }
    Duration time = draw_open_time(call.random);
    if (cause != nullptr && cause->is(Failure::has_hint)) {
        time = std::max(time, cause->hint);
    }
    time = std::min(time, options_->max_open);
    ++openings_;
    open_until_.store(saturating_add(call.now, time).time_since_epoch().count(), std::memory_order_relaxed);
    enter(CircuitState::open);
    return {.type = EventType::circuit_opened,
            .cause = cause != nullptr ? *cause : Failure{},
            .open_for = time,
            .counts = window_.counts(call.now)};
}

Circuit::Change Circuit::half_open(TimePoint now) noexcept {
    enter(CircuitState::half_open);
    return {.type = EventType::circuit_half_open, .counts = window_.counts(now)};
}

Circuit::Change Circuit::close(TimePoint now) noexcept {
    const Change change{.type = EventType::circuit_closed, .counts = window_.counts(now)};
    reset_window();
    closed_since_ = now;
    enter(CircuitState::closed);
    return change;
}

/// Only on the way to closed: a success that was being counted while the circuit opened is wiped out with it.
void Circuit::reset_window() noexcept {
    window_.clear();
    failures_in_a_row_.store(0, std::memory_order_relaxed);
}

void Circuit::close_by_hand() noexcept {
    std::size_t called = 0;
    {
        const std::lock_guard lock(mutex_);
        reset_window();
        openings_ = 0;
        enter(CircuitState::closed);
        called = queued_;
    }
    wake(called);
}

// ---- telling

CircuitSnapshot Circuit::snapshot(TimePoint now) const noexcept {
    const std::lock_guard lock(mutex_);
    const OutcomeCounts counts = window_.counts(now);
    CircuitSnapshot shown{.state = state(),
                          .calls = counts.calls,
                          .failures = counts.failures,
                          .slow = counts.slow,
                          .failure_ratio = ratio(counts.failures, counts.calls),
                          .failures_in_a_row = failures_in_a_row_.load(std::memory_order_relaxed),
                          .openings = openings_,
                          .probes_out = places_.out(now),
                          .probe_successes = static_cast<std::uint32_t>(probe_successes_)};
    if (shown.state == CircuitState::open) {
        if (now < open_until()) {
            shown.next_change = open_until();
        } else {
            shown.state = CircuitState::half_open;
        }
    }
    return shown;
}

void Circuit::tell(const CallContext& call, const std::optional<Change>& change) const noexcept {
    if (!change || call.observer == nullptr) {
        return;
    }
    std::array<char, 96> text{};
    const int written = std::snprintf(text.data(), text.size(), "%llu of %llu calls failed, %llu slow",
                                      static_cast<unsigned long long>(change->counts.failures),
                                      static_cast<unsigned long long>(change->counts.calls),
                                      static_cast<unsigned long long>(change->counts.slow));
    call.notify({.type = change->type,
                 .kind = change->cause.kind,
                 .status = change->cause.status,
                 .dry_run = options_->dry_run,
                 .delay = change->open_for,
                 .detail = {text.data(), static_cast<std::size_t>(std::max(written, 0))}});
}

} // namespace backstay::inline BACKSTAY_ABI::detail
