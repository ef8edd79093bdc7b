#pragma once

/// \file
/// A rate limiter with a clock and a log of its events, for tests of one policy.

#include <backstay/policy/rate_limiter.hpp>

#include "support/policy_call.hpp"

#include "waiting_call.hpp"

#include <chrono>
#include <memory>

namespace backstay::test {

class RateLimiterBench {
public:
    using Caller = WaitingCall<RateLimiter>;

    /// Ten a second, one at a time, and room for those who wait.
    [[nodiscard]] static RateLimiterOptions ten_a_second() {
        return {.rate = 10, .burst = 1, .max_wait = std::chrono::seconds{10}, .max_queued = 1'000};
    }

    explicit RateLimiterBench(const RateLimiterOptions& options = ten_a_second()) : limiter(options) {
        settings.key.origin = "https://api.example.com:443";
        settings.observer = &log;
    }

    [[nodiscard]] std::unique_ptr<Caller> caller(Priority priority = Priority::normal,
                                                 TimePoint deadline = end_of_time) {
        CallSettings with = settings;
        with.priority = priority;
        with.deadline.at = deadline;
        return std::make_unique<Caller>(limiter, now, with);
    }
    /// A call that has asked.
    [[nodiscard]] std::unique_ptr<Caller> ask(Priority priority = Priority::normal,
                                              TimePoint deadline = end_of_time) {
        auto one = caller(priority, deadline);
        one->ask();
        return one;
    }
    [[nodiscard]] bool passes() { return proceeds(ask()->answer); }
    /// Takes all tokens that are there; how many.
    int drain() {
        int taken = 0;
        for (; passes(); ++taken) {
        }
        return taken;
    }
    [[nodiscard]] RateLimiterSnapshot snapshot() const { return limiter.snapshot(now, settings.key); }

    TimePoint now = start_of_test;
    EventLog log;
    CallSettings settings;
    RateLimiter limiter;
};

} // namespace backstay::test
