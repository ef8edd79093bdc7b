#pragma once

/// \file
/// The circuit breaker as a plain list of rules, with no thought of speed or threads, to compare the real one
/// with.

#include <backstay/policy/circuit_breaker.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace backstay::test {

class BreakerModel {
public:
    /// What the model remembers of one call.
    struct Permit {
        enum class Kind { none, pass, probe } kind = Kind::none;
        std::uint64_t number = 0; ///< of the generation, or of the probe
    };
    struct Answer {
        enum class Kind { proceed, refuse, wait } kind = Kind::proceed;
        Duration hint{0};
        TimePoint until = end_of_time;
    };

    explicit BreakerModel(const CircuitBreakerOptions& with)
        : options(with), probes(static_cast<std::size_t>(with.probes)) {}

    Answer admit(Permit& mine, TimePoint now) {
        mine = {};
        if (state == CircuitState::open && now >= open_until) {
            enter(CircuitState::half_open);
        }
        if (state == CircuitState::closed) {
            mine = {Permit::Kind::pass, generation};
            return {};
        }
        if (state == CircuitState::open) {
            return {.kind = Answer::Kind::refuse, .hint = open_until - now};
        }
        const auto soonest =
            std::min_element(probes.begin(), probes.end(),
                             [](const Probe& a, const Probe& b) { return a.free_from < b.free_from; });
        if (soonest->free_from <= now) {
            *soonest = {.number = ++numbers, .free_from = now + options.probe_lease};
            mine = {Permit::Kind::probe, numbers};
            return {};
        }
        if (options.wait_for_probe) {
            return {.kind = Answer::Kind::wait, .until = soonest->free_from};
        }
        return {.kind = Answer::Kind::refuse, .hint = std::min(soonest->free_from - now, options.open_for)};
    }

    void settle(Permit& mine, TimePoint now, TimePoint began, const Failure* failure, Random& random) {
        const Permit permit = mine;
        mine = {};
        Vote vote = failure == nullptr ? Vote::success : options.classifier[failure->kind].vote;
        if (failure != nullptr &&
            (failure->reach == Reach::refused_here ||
             (failure->kind == FailureKind::deadline_exceeded && now - began < options.min_observed))) {
            vote = Vote::neutral;
        }
        if (permit.kind == Permit::Kind::pass && permit.number == generation && vote != Vote::neutral) {
            count(now, vote == Vote::failure, options.slow_ratio > 0 && now - began > options.slow_after,
                  failure, random);
        }
        if (permit.kind == Permit::Kind::probe && give_back(permit)) {
            if (vote == Vote::neutral && failure->reach == Reach::answered &&
                failure->kind != FailureKind::canceled) {
                vote = Vote::success;
            }
            if (vote == Vote::failure) {
                open(now, failure, random);
            } else if (vote == Vote::success && ++successes == options.probe_successes) {
                close(now);
            }
        }
    }

    void abandon(Permit& mine) {
        if (mine.kind == Permit::Kind::probe) {
            give_back(mine);
        }
        mine = {};
    }

    void close_by_hand() {
        close(TimePoint{});
        openings = 0;
    }

    struct Counts {
        std::uint64_t calls = 0;
        std::uint64_t failures = 0;
        std::uint64_t slow = 0;
    };

    [[nodiscard]] Counts counts(TimePoint now) const {
        Counts sum;
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const bool within = options.window == CircuitWindow::count
                                    ? seen.size() - i <= static_cast<std::size_t>(options.window_calls)
                                    : bucket(seen[i].at) + 10 > bucket(now);
            if (within) {
                sum.calls += 1;
                sum.failures += seen[i].failed ? 1U : 0U;
                sum.slow += seen[i].slow ? 1U : 0U;
            }
        }
        return sum;
    }

    [[nodiscard]] CircuitState state_at(TimePoint now) const {
        return state == CircuitState::open && now >= open_until ? CircuitState::half_open : state;
    }
    [[nodiscard]] std::uint64_t probes_out(TimePoint now) const {
        return static_cast<std::uint64_t>(std::count_if(probes.begin(), probes.end(), [now](const Probe& p) {
            return p.number != 0 && p.free_from > now;
        }));
    }

    CircuitBreakerOptions options;
    CircuitState state = CircuitState::closed;
    TimePoint open_until{};
    std::uint32_t openings = 0;
    std::uint32_t in_a_row = 0;
    int successes = 0;

private:
    struct Seen {
        TimePoint at;
        bool failed;
        bool slow;
    };
    struct Probe {
        std::uint64_t number = 0;
        TimePoint free_from = TimePoint::min();
    };

    [[nodiscard]] Duration::rep bucket(TimePoint at) const {
        return seen.empty() ? 0 : (at - seen.front().at) / (options.window_length / 10);
    }

    bool give_back(const Permit& permit) {
        for (Probe& probe : probes) {
            if (probe.number == permit.number) {
                probe = {};
                return true;
            }
        }
        return false;
    }

    void count(TimePoint now, bool failed, bool slow, const Failure* failure, Random& random) {
        seen.push_back({now, failed, slow});
        in_a_row = failed ? in_a_row + 1 : 0;
        const Counts sum = counts(now);
        const auto share = [&](std::uint64_t part) {
            return static_cast<double>(part) / static_cast<double>(sum.calls);
        };
        const bool enough = sum.calls >= static_cast<std::uint64_t>(options.minimum_calls);
        const bool row = options.consecutive_failures > 0 &&
                         in_a_row >= static_cast<std::uint32_t>(options.consecutive_failures);
        const bool by_row = (options.window == CircuitWindow::consecutive || !enough) && row;
        const bool by_ratio = options.window != CircuitWindow::consecutive && enough &&
                              share(sum.failures) >= options.failure_ratio;
        const bool by_slowness = slow && enough && share(sum.slow) >= options.slow_ratio;
        if ((failed && (by_row || by_ratio)) || by_slowness) {
            open(now, failure, random);
        }
    }

    void open(TimePoint now, const Failure* failure, Random& random) {
        const bool whole = options.window == CircuitWindow::count
                               ? seen.size() >= static_cast<std::size_t>(options.window_calls)
                               : now - closed_since >= options.window_length;
        if (state == CircuitState::closed && whole) {
            openings = 0;
        }
        Duration time = options.open_for;
        for (std::uint32_t i = 0; i < openings; ++i) {
            time = std::min(time * 2, options.longest_open_for);
        }
        time = Duration(
            static_cast<Duration::rep>(static_cast<double>(time.count()) *
                                       random.between(1 - options.open_jitter, 1 + options.open_jitter)));
        if (failure != nullptr && failure->is(Failure::has_hint)) {
            time = std::max(time, failure->hint);
        }
        open_until = now + std::min(time, options.max_open);
        ++openings;
        enter(CircuitState::open);
    }

    void close(TimePoint now) {
        seen.clear();
        in_a_row = 0;
        closed_since = now;
        enter(CircuitState::closed);
    }

    void enter(CircuitState entered) {
        state = entered;
        ++generation;
        successes = 0;
        std::fill(probes.begin(), probes.end(), Probe{});
    }

    std::vector<Seen> seen;
    std::vector<Probe> probes;
    std::uint64_t generation = 0;
    std::uint64_t numbers = 0;
    TimePoint closed_since{};
};

} // namespace backstay::test
