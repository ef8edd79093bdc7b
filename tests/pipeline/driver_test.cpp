#include <backstay/pipeline/pipeline.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"
#include "support/probe_policy.hpp"

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

// How the driver asks, calls and settles. Waits are in driver_wait_test, cancellation in driver_cancel_test.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;
using Journal = std::vector<std::string>;

constexpr Failure unavailable{
    .kind = FailureKind::service_unavailable, .reach = Reach::answered, .status = 503};
constexpr Failure broken{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};

/// Fails with the given failures in turn, then succeeds with the number of attempts.
struct Flaky {
    std::vector<Failure> failures;
    int* attempts;
    asio::awaitable<R> operator()(CallContext&) {
        const auto index = static_cast<std::size_t>((*attempts)++);
        if (index < failures.size()) {
            co_return fail(failures[index]);
        }
        co_return *attempts;
    }
};

/// Repeats every failure that was not refused here, and keeps the previous outcome when it was.
ProbePolicy repeating(Journal* journal, Duration wait) {
    ProbePolicy policy{"retry", journal};
    policy->on_settle = [wait](CallContext& call, const Failure* failure) {
        if (failure == nullptr) {
            return Verdict::pass();
        }
        return failure->reach == Reach::refused_here ? Verdict::keep_previous(StopReason::refused)
                                                     : Verdict::again_at(call.now + wait);
    };
    return policy;
}

TEST_CASE("stages are asked outermost first and settled innermost first", "[driver]") {
    World world;
    Journal journal;
    int attempts = 0;
    const Pipeline pipeline{ProbePolicy{"a", &journal}, ProbePolicy{"b", &journal},
                            ProbePolicy{"c", &journal}};
    const R result = run(world, pipeline.run(world.runtime, {}, Flaky{{}, &attempts}));
    CHECK(result == 1);
    CHECK(journal == Journal{"a.admit", "b.admit", "c.admit", "c.settle:ok", "b.settle:ok", "a.settle:ok"});
}

TEST_CASE("a pipeline without stages runs the operation", "[driver]") {
    World world;
    int attempts = 0;
    CHECK(run(world, Pipeline<>{}.run(world.runtime, {}, Flaky{{}, &attempts})) == 1);
}

TEST_CASE("a stage that rejects is not settled, those outside it are", "[driver]") {
    World world;
    Journal journal;
    int attempts = 0;
    ProbePolicy gate{"gate", &journal};
    gate->on_admit = [](CallContext&) {
        return Admission::reject({.kind = FailureKind::circuit_open, .reach = Reach::answered});
    };
    const Pipeline pipeline{ProbePolicy{"a", &journal}, gate, ProbePolicy{"c", &journal}};
    const R result = run(world, pipeline.run(world.runtime, {}, Flaky{{}, &attempts}));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::circuit_open);
    CHECK(result.error().reach == Reach::refused_here);
    CHECK(attempts == 0);
    CHECK(journal == Journal{"a.admit", "gate.reject", "a.settle:circuit_open"});
}

TEST_CASE("a repeat restarts at the next inner stage, and its stage stays admitted", "[driver]") {
    World world;
    Journal journal;
    int attempts = 0;
    const auto outer = ProbePolicy{"a", &journal};
    const Pipeline pipeline{outer, repeating(&journal, 5s), ProbePolicy{"c", &journal}};
    const TimePoint began = world.now();
    CHECK(run(world, pipeline.run(world.runtime, {}, Flaky{{unavailable}, &attempts})) == 2);
    CHECK(world.now() - began == 5s);
    CHECK(journal == Journal{"a.admit", "retry.admit", "c.admit", "c.settle:service_unavailable",
                             "retry.settle:service_unavailable", "c.admit", "c.settle:ok", "retry.settle:ok",
                             "a.settle:ok"});
    CHECK(outer->held == 0);
}

TEST_CASE("a stage that wants to be asked too can let its repeat wait, once for each proceed", "[driver]") {
    World world;
    Journal journal;
    int attempts = 0;
    int asked = 0;
    ProbePolicy again{"again", &journal};
    again->on_settle = [](CallContext& call, const Failure* failure) {
        return failure != nullptr ? Verdict::again_here(call.now) : Verdict::pass();
    };
    again->on_admit = [&asked](CallContext& call) {
        return ++asked == 2 ? Admission::wait(call.now + 3s) : Admission::proceed();
    };
    const auto began = world.now();
    const Pipeline pipeline{ProbePolicy{"a", &journal}, again, ProbePolicy{"c", &journal}};
    CHECK(run(world, pipeline.run(world.runtime, {}, Flaky{{unavailable}, &attempts})) == 2);
    CHECK(world.now() - began == 3s);
    CHECK(journal == Journal{"a.admit", "again.admit", "c.admit", "c.settle:service_unavailable",
                             "again.settle:service_unavailable", "again.wait", "again.enqueue", "again.admit",
                             "c.admit", "c.settle:ok", "again.settle:ok", "a.settle:ok"});
    CHECK(again->held == 0);
}

TEST_CASE("a repeat that is refused hands out what the server answered, and who refused", "[driver]") {
    World world;
    int attempts = 0;
    int asked = 0;
    ProbePolicy gate{"gate"};
    gate->on_admit = [&](CallContext&) {
        return ++asked == 1
                   ? Admission::proceed()
                   : Admission::reject(refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 1s));
    };
    const Pipeline pipeline{repeating(nullptr, 1s), gate};
    const R result = run(world, pipeline.run(world.runtime, {}, Flaky{{unavailable, broken}, &attempts}));
    REQUIRE_FALSE(result);
    CHECK(result.error().status == 503);
    CHECK(result.error().stop_reason == StopReason::refused);
    CHECK(result.error().refused_by == RefusedBy::circuit_breaker);
    CHECK(attempts == 1);
}

TEST_CASE("a first attempt that is refused fails with the refusal", "[driver]") {
    World world;
    int attempts = 0;
    ProbePolicy gate{"gate"};
    gate->on_admit = [](CallContext&) {
        return Admission::reject(refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 3s));
    };
    const Pipeline pipeline{repeating(nullptr, 1s), gate};
    const R result = run(world, pipeline.run(world.runtime, {}, Flaky{{}, &attempts}));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::circuit_open);
    CHECK(result.error().refused_by == RefusedBy::circuit_breaker);
    CHECK(result.error().hint == 3s);
}

TEST_CASE("a stage can replace an outcome, success included", "[driver]") {
    World world;
    int attempts = 0;
    Journal journal;
    ProbePolicy strict{"strict"};
    strict->on_settle = [](CallContext&, const Failure*) {
        return Verdict::replace({.kind = FailureKind::decode_error, .reach = Reach::answered});
    };
    const Pipeline pipeline{ProbePolicy{"a", &journal}, strict};
    const R result = run(world, pipeline.run(world.runtime, {}, Flaky{{}, &attempts}));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::decode_error);
    CHECK(journal.back() == "a.settle:decode_error");
}

TEST_CASE("the second attempt does not inherit the first one's deadline", "[driver]") {
    World world;
    int attempts = 0;
    std::vector<TimePoint> deadlines;
    ProbePolicy narrow{"attempt"};
    narrow->on_admit = [&](CallContext& call) {
        call.deadline.narrow(call.now + 2s, FailureKind::attempt_timeout);
        deadlines.push_back(call.deadline.at);
        return Admission::proceed();
    };
    std::vector<TimePoint> settled;
    ProbePolicy outer = repeating(nullptr, 10s);
    const auto decide = outer->on_settle;
    outer->on_settle = [&, decide](CallContext& call, const Failure* failure) {
        settled.push_back(call.deadline.at);
        return decide(call, failure);
    };
    const TimePoint began = world.now();
    const Pipeline pipeline{outer, narrow};
    CHECK(run(world, pipeline.run(world.runtime, {}, Flaky{{broken}, &attempts})) == 2);
    CHECK(deadlines == std::vector<TimePoint>{began + 2s, began + 12s});
    CHECK(settled == std::vector<TimePoint>{end_of_time, end_of_time});
}

TEST_CASE("on a tie of deadlines the outer one names the failure", "[driver]") {
    World world;
    int attempts = 0;
    const auto narrowing = [](FailureKind kind) {
        ProbePolicy policy{std::string{to_string(kind)}};
        policy->on_admit = [kind](CallContext& call) {
            call.deadline.narrow(call.now, kind); // already over
            return Admission::proceed();
        };
        return policy;
    };
    const Pipeline pipeline{narrowing(FailureKind::deadline_exceeded),
                            narrowing(FailureKind::attempt_timeout)};
    const R result = run(world, pipeline.run(world.runtime, {}, Flaky{{}, &attempts}));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::deadline_exceeded);
    CHECK(result.error().reach == Reach::never_sent);
    CHECK(attempts == 0);
}

TEST_CASE("a throwing operation becomes a failure and its stages are settled", "[driver]") {
    World world;
    Journal journal;
    const ProbePolicy outer{"a", &journal};
    const Pipeline pipeline{outer};
    const auto thrower = [](CallContext&) -> asio::awaitable<R> {
        throw std::runtime_error("boom");
        co_return 1;
    };
    const auto starving = [](CallContext&) -> asio::awaitable<R> {
        throw std::bad_alloc();
        co_return 1;
    };
    CHECK(run(world, pipeline.run(world.runtime, {}, thrower)).error().kind == FailureKind::exception);
    CHECK(run(world, pipeline.run(world.runtime, {}, starving)).error().kind == FailureKind::out_of_memory);
    CHECK(journal == Journal{"a.admit", "a.settle:exception", "a.admit", "a.settle:out_of_memory"});
    CHECK(outer->held == 0);
}

TEST_CASE("a skipped stage is neither asked nor settled", "[driver]") {
    World world;
    Journal journal;
    int attempts = 0;
    CallSettings settings;
    settings.overrides.without.add(Stage::custom);
    const Pipeline pipeline{ProbePolicy{"a", &journal}};
    CHECK(run(world, pipeline.run(world.runtime, settings, Flaky{{}, &attempts})) == 1);
    CHECK(journal.empty());
}

struct Replying {
    int status;
    const Failure* failure() const noexcept { return status == 200 ? nullptr : &as_failure; }
    void annotate(StopReason why, RefusedBy) noexcept { as_failure.stop_reason = why; }
    Failure as_failure{.kind = FailureKind::service_unavailable, .reach = Reach::answered, .status = 503};
};

TEST_CASE("a value can count as a failure and stays a value", "[driver]") {
    World world;
    using Reply = expected<Replying, Failure>;
    int attempts = 0;
    const auto op = [&attempts](CallContext&) -> asio::awaitable<Reply> {
        ++attempts;
        co_return Replying{503};
    };
    ProbePolicy twice{"retry"};
    twice->on_settle = [&](CallContext& call, const Failure* failure) {
        return failure != nullptr && attempts < 2 ? Verdict::again_at(call.now)
                                                  : Verdict::pass(StopReason::attempts_exhausted);
    };
    const Pipeline pipeline{twice};
    const Reply reply = run(world, pipeline.run(world.runtime, {}, op));
    REQUIRE(reply);
    CHECK(reply->status == 503);
    CHECK(reply->as_failure.stop_reason == StopReason::attempts_exhausted);
    CHECK(attempts == 2);
}

class Throwing final : public Observer {
    void on_event(const Event&) override { throw std::runtime_error("observer"); }
};

TEST_CASE("an observer that throws is ignored and counted", "[driver]") {
    World world;
    Throwing observer;
    CallSettings settings;
    settings.observer = &observer;
    int attempts = 0;
    CHECK(run(world, Pipeline{ProbePolicy{}}.run(world.runtime, settings, Flaky{{}, &attempts})) == 1);
    CHECK(observer.dropped() == 3); // attempt_started, attempt_ended, call_ended
}

/// Keeps what it is told of.
class Listener final : public Observer {
public:
    using Observer::Observer;
    std::vector<Event> events;

protected:
    void on_event(const Event& event) override { events.push_back(event); }
};

TEST_CASE("the end of a call is told last, with what it came to and what its deadline left", "[driver]") {
    World world;
    Listener listener{EventSet().add(EventType::call_ended)};
    CallSettings settings;
    settings.observer = &listener;
    settings.deadline.at = world.now() + 20s;
    int attempts = 0;
    const Pipeline pipeline{repeating(nullptr, 5s)};

    SECTION("a success") {
        CHECK(run(world, pipeline.run(world.runtime, settings, Flaky{{unavailable}, &attempts})) == 2);
        REQUIRE(listener.events.size() == 1);
        CHECK(listener.events[0].kind == FailureKind::none);
    }
    SECTION("a failure") {
        ProbePolicy gives_up;
        gives_up->on_settle = [](CallContext&, const Failure* failure) {
            return Verdict::pass(failure != nullptr ? StopReason::not_retryable : StopReason::none);
        };
        const Pipeline once{gives_up};
        CHECK_FALSE(run(world, once.run(world.runtime, settings, Flaky{{broken}, &attempts})));
        REQUIRE(listener.events.size() == 1);
        CHECK(listener.events[0].kind == FailureKind::server_error);
        CHECK(listener.events[0].status == 500);
        CHECK(listener.events[0].stop_reason == StopReason::not_retryable);
    }
    SECTION("a deadline long past leaves nothing") {
        settings.deadline.at = TimePoint::min();
        CHECK_FALSE(run(world, pipeline.run(world.runtime, settings, Flaky{{unavailable}, &attempts})));
        REQUIRE(listener.events.size() == 1);
        CHECK(listener.events[0].delay == 0s);
        listener.events.clear();
    }
    SECTION("not at all when the caller reports it itself") {
        settings.tell_end = false;
        CHECK(run(world, pipeline.run(world.runtime, settings, Flaky{{unavailable}, &attempts})) == 2);
        CHECK(listener.events.empty());
    }
    for (const Event& event : listener.events) {
        CHECK(event.type == EventType::call_ended);
        CHECK(event.attempt == attempts);
        CHECK(event.duration == (attempts - 1) * 5s);
        CHECK(event.delay == 20s - event.duration);
    }
}

TEST_CASE("calls of one process draw different random numbers, and the same seed the same ones", "[driver]") {
    const auto draw = [](std::uint64_t seed) {
        World world{seed};
        std::vector<std::uint64_t> drawn;
        const auto op = [&drawn](CallContext& call) -> asio::awaitable<R> {
            drawn.push_back(call.random->next());
            co_return 1;
        };
        const Pipeline<> pipeline;
        (void)run(world, pipeline.run(world.runtime, {}, op));
        (void)run(world, pipeline.run(world.runtime, {}, op));
        return drawn;
    };
    const auto first = draw(7);
    CHECK(first[0] != first[1]);
    CHECK(first == draw(7));
    CHECK(first != draw(9));
}

} // namespace
