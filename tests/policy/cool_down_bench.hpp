#pragma once

/// \file
/// A cool-down with a clock and a log of its events, for tests of one policy.

#include <backstay/policy/cool_down.hpp>

#include "support/policy_call.hpp"

#include "waiting_call.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace backstay::test {

class CoolDownBench {
public:
    using Caller = WaitingCall<CoolDown>;

    explicit CoolDownBench(const CoolDownOptions& options = CoolDownOptions()) : cool_down(options) {
        settings.key = {.origin = "https://api.example.com:443", .credential = "billing"};
        settings.observer = &log;
    }

    /// Options under which everybody is released when the gate opens, to the tick.
    [[nodiscard]] static CoolDownOptions without_spread() { return {.spread_ratio = 0}; }

    [[nodiscard]] std::unique_ptr<Caller> caller() {
        return std::make_unique<Caller>(cool_down, now, settings, ++seeds_);
    }
    /// A call that has asked.
    [[nodiscard]] std::unique_ptr<Caller> ask() {
        auto one = caller();
        one->ask();
        return one;
    }
    [[nodiscard]] std::unique_ptr<Caller> ask_until(TimePoint deadline) {
        const Deadline before = std::exchange(settings.deadline, Deadline{.at = deadline});
        auto one = ask();
        settings.deadline = before;
        return one;
    }
    [[nodiscard]] std::vector<std::unique_ptr<Caller>> ask_times(int times) {
        std::vector<std::unique_ptr<Caller>> all;
        for (int i = 0; i < times; ++i) {
            all.push_back(ask());
        }
        return all;
    }

    /// The outcome of a call that had passed before.
    void hear(const Failure& failure) { caller()->call.fail(failure); }
    void hear_times(int times, const Failure& failure) {
        for (int i = 0; i < times; ++i) {
            hear(failure);
        }
    }
    /// A call passes that asks now; it is given back at once.
    [[nodiscard]] bool passes() { return proceeds(ask()->answer); }

    [[nodiscard]] CoolDownSnapshot snapshot() const { return cool_down.snapshot(now, settings.key); }
    [[nodiscard]] CoolDownState state() const { return snapshot().state; }
    [[nodiscard]] Duration remaining() const { return snapshot().remaining; }

    TimePoint now = start_of_test;
    EventLog log;
    CallSettings settings;
    CoolDown cool_down;

private:
    std::uint64_t seeds_ = 0;
};

} // namespace backstay::test
