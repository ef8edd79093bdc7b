#pragma once

/// \file
/// A breaker with a clock and a log of its events, for tests of one policy.

#include <backstay/policy/circuit_breaker.hpp>

#include "support/policy_call.hpp"

#include <chrono>
#include <cstdint>
#include <utility>

namespace backstay::test {

/// Counts how often it was woken.
struct CountingTarget final : Waker::Target {
    int woken = 0;
    void wake() noexcept override { ++woken; }
};

[[nodiscard]] inline bool proceeds(const Admission& answer) {
    return answer.answer == Admission::Answer::proceed;
}
[[nodiscard]] inline bool waits(const Admission& answer) {
    return answer.answer == Admission::Answer::wait;
}
[[nodiscard]] inline bool rejects(const Admission& answer) {
    return answer.answer == Admission::Answer::reject;
}

class BreakerBench {
public:
    using Started = PolicyCall<CircuitBreaker>;

    /// Draws exactly the open times that were set, unless the options ask for jitter.
    explicit BreakerBench(const CircuitBreakerOptions& options = without_jitter()) : breaker(options) {
        settings.key.origin = "https://api.example.com:443";
        settings.observer = &log;
    }

    [[nodiscard]] static CircuitBreakerOptions without_jitter() {
        return {.open_jitter = 0, .unkeyed = true};
    }

    /// A call that is not admitted yet.
    [[nodiscard]] Started call() { return Started(breaker, now, settings, ++seeds_); }

    /// Makes a whole call; false when it was refused.
    bool make(const Failure* failure, Duration took = Duration::zero()) {
        Started one(breaker, now, settings, ++seeds_);
        last = one.admit();
        if (!proceeds(last)) {
            return false;
        }
        one.begin_attempt();
        now += took;
        one.settle(failure);
        return true;
    }
    bool succeed(Duration took = Duration::zero()) { return make(nullptr, took); }
    bool fail(const Failure& failure = reply(500), Duration took = Duration::zero()) {
        return make(&failure, took);
    }
    void fail_times(int times) {
        for (int i = 0; i < times; ++i) {
            fail();
        }
    }
    void succeed_times(int times) {
        for (int i = 0; i < times; ++i) {
            succeed();
        }
    }

    /// Opens a closed breaker with the default five failures in a row.
    void open() { fail_times(5); }
    /// Opens it and lets the open time pass.
    void open_and_wait() {
        open();
        now = snapshot().next_change;
    }

    [[nodiscard]] CircuitSnapshot snapshot() const { return breaker.snapshot(now, settings.key); }
    [[nodiscard]] CircuitState state() const { return snapshot().state; }
    [[nodiscard]] Duration open_for() const { return snapshot().next_change - now; }

    TimePoint now = start_of_test;
    EventLog log;
    CallSettings settings;
    CircuitBreaker breaker;
    Admission last{};

private:
    std::uint64_t seeds_ = 0;
};

} // namespace backstay::test
