#pragma once

/// \file
/// Drives one policy the way the pipeline's driver does, without a driver: no executor, no coroutine.

#include <backstay/core/call_context.hpp>
#include <backstay/core/protocol.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace backstay::test {

/// Where a test's clock starts: not at the epoch, which means "not yet" in some places.
inline constexpr TimePoint start_of_test{std::chrono::hours{1}};

/// Keeps what an observer is told. The views in the events live as long as the call's key does.
class EventLog final : public Observer {
public:
    std::vector<Event> events;

    [[nodiscard]] std::size_t count(EventType type) const {
        std::size_t found = 0;
        for (const Event& event : events) {
            found += event.type == type ? 1U : 0U;
        }
        return found;
    }
    /// Finds the latest of that type; null when there is none.
    [[nodiscard]] const Event* last(EventType type) const {
        for (auto event = events.rbegin(); event != events.rend(); ++event) {
            if (event->type == type) {
                return &*event;
            }
        }
        return nullptr;
    }

protected:
    void on_event(const Event& event) override { events.push_back(event); }
};

/// What policies see of a reply with that status.
[[nodiscard]] inline Failure reply(int status) {
    return {.kind = kind_of_status(status),
            .reach = Reach::answered,
            .status = static_cast<std::uint16_t>(status)};
}

/// The same with a wait that its Retry-After header named.
[[nodiscard]] inline Failure reply(int status, Duration wait) {
    return reply(status).set_hint(wait, Failure::hint_from_header);
}

/// What policies see when no reply came.
[[nodiscard]] inline Failure lost(FailureKind kind = FailureKind::connection_lost,
                                  Reach reach = Reach::maybe_processed) {
    return {.kind = kind, .reach = reach};
}

/// One call of one policy. Several of them may share a clock and (copies of) a policy:
///
///     TimePoint now = start_of_test;
///     PolicyCall call{breaker, now};
///     call.admit();
///     call.begin_attempt();
///     now += 5ms;
///     call.settle(reply(503));
///
/// Destroying it without `settle` is what a cancelled call does.
template <Policy P>
class PolicyCall {
public:
    /// Reads `clock`, which outlives it, at each question.
    PolicyCall(P policy, TimePoint& clock, const CallSettings& with = CallSettings{}, std::uint64_t seed = 1)
        : settings(with),
          random(seed),
          context{.now = clock,
                  .deadline = settings.deadline,
                  .random = &random,
                  .stop = settings.stop,
                  .observer = settings.observer,
                  .safe_to_repeat = settings.safe_to_repeat,
                  .priority = settings.priority,
                  .key = settings.key,
                  .overrides = settings.overrides},
          policy_(std::move(policy)),
          clock_(&clock) {
        mine_.emplace();
    }
    PolicyCall(const PolicyCall&) = delete;
    PolicyCall& operator=(const PolicyCall&) = delete;

    /// Asks `admit`, with the deadline that the outer stages left: that of `settings`.
    Admission admit() {
        context.now = *clock_;
        context.deadline = settings.deadline;
        return policy_.admit(*mine_, context);
    }

    /// Does what the driver does just before the operation.
    void begin_attempt() {
        context.now = *clock_;
        context.attempt_began = context.now;
        ++context.attempt;
    }

    /// Asks `settle`, with that deadline put back: nullptr is success.
    Verdict settle(const Failure* failure) {
        context.now = *clock_;
        context.deadline = settings.deadline;
        return policy_.settle(*mine_, context, failure);
    }
    Verdict settle(const Failure& failure) { return settle(&failure); }

    /// Begins an attempt that ends with success, or with `failure`, at once.
    Verdict succeed() {
        begin_attempt();
        return settle(nullptr);
    }
    Verdict fail(const Failure& failure) {
        begin_attempt();
        return settle(failure);
    }

    /// Destroys what the policy remembers about the call, as cancellation in mid-call does.
    void abandon() { mine_.reset(); }

    /// What the policy remembers about the call, for `enqueue`.
    [[nodiscard]] typename P::Call& mine() { return *mine_; }
    [[nodiscard]] P& policy() { return policy_; }

    CallSettings settings;
    Random random;
    CallContext context;

private:
    P policy_;
    TimePoint* clock_;
    std::optional<typename P::Call> mine_; // ends first: it may look at the context and at shared state
};

} // namespace backstay::test
