#include <backstay/pipeline/detail/fan_out.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"
#include "support/hedge_scene.hpp"
#include "support/probe_policy.hpp"

#include <backstay/policy/hedge.hpp>

#include <stdexcept>
#include <string>
#include <vector>

// The branches of a hedged call: when they begin, whose outcome stands, and what becomes of the others.
// Cancellation is in driver_hedge_cancel_test.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = Staged::R;
using Told = std::vector<std::string>;

constexpr Failure broken{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};
constexpr Failure missing{.kind = FailureKind::not_found, .reach = Reach::answered, .status = 404};

struct Scene {
    World world;
    Staged::Log log;
    ProbeHedge hedge;
    ProbePolicy outer{"outer"};
    ProbePolicy inner{"inner"};
    CallSettings settings;
    TimePoint began = world.now();

    explicit Scene(std::vector<Staged::Attempt> attempts) { log.attempts = std::move(attempts); }

    R run_call() {
        const Pipeline pipeline{outer, hedge, inner};
        const R outcome = run(world, pipeline.run(world.runtime, settings, Staged{&world, &log}));
        CHECK(outer->held == 0);
        CHECK(inner->held == 0);
        CHECK(hedge->settled == 1);
        CHECK(world.runtime.armed() == 0);
        return outcome;
    }
    [[nodiscard]] Duration took() { return world.now() - began; }
};

TEST_CASE("a hedge does not fire when the first attempt answers in time", "[hedge][driver]") {
    Scene scene({{999ms, 1}});
    CHECK(scene.run_call() == 1);
    CHECK(scene.took() == 999ms);
    CHECK(scene.log.began.size() == 1);
    CHECK(scene.hedge->told == Told{"0:ok", "settle:ok"});
}

TEST_CASE("a late first attempt gets company, and whoever succeeds first wins", "[hedge][driver]") {
    SECTION("the second: the first is stopped and awaited") {
        Scene scene({{1h, 1}, {500ms, 2}});
        CHECK(scene.run_call() == 2);
        CHECK(scene.took() == 1500ms);
        CHECK(scene.log.cut == std::vector{FailureKind::canceled});
        CHECK(scene.hedge->told == Told{"1:ok", "0:canceled", "settle:ok"});
    }
    SECTION("the first: the second is stopped and awaited") {
        Scene scene({{1500ms, 1}, {1h, 2}});
        CHECK(scene.run_call() == 1);
        CHECK(scene.took() == 1500ms);
        CHECK(scene.log.cut == std::vector{FailureKind::canceled});
        CHECK(scene.hedge->told == Told{"0:ok", "1:canceled", "settle:ok"});
    }
    SECTION("of three") {
        Scene scene({{1h, 1}, {1h, 2}, {100ms, 3}});
        scene.hedge->most = 3;
        CHECK(scene.run_call() == 3);
        CHECK(scene.took() == 2100ms);
        CHECK(scene.log.cut.size() == 2);
    }
}

TEST_CASE("trap: first success wins, not first completion: a failure waits for those that still run",
          "[hedge][driver]") {
    Scene scene({{3s, 1}, {500ms, fail(broken)}});
    CHECK(scene.run_call() == 1);
    CHECK(scene.took() == 3s);
    CHECK(scene.hedge->told == Told{"1:server_error", "0:ok", "settle:ok"});
}

TEST_CASE("when all fail the first branch's failure stands", "[hedge][driver]") {
    const Failure first{.kind = FailureKind::bad_gateway, .reach = Reach::answered, .status = 502};
    Scene scene({{3s, fail(first)}, {500ms, fail(broken)}});
    CHECK(scene.run_call().error() == first);
    CHECK(scene.took() == 3s);
}

TEST_CASE("a failure that may be repeated sends the next attempt at once", "[hedge][driver]") {
    Scene scene({{100ms, fail(broken)}, {300ms, 2}});
    CHECK(scene.run_call() == 2);
    CHECK(scene.took() == 400ms);
    CHECK(scene.log.began == std::vector{scene.began, scene.began + 100ms});
    CHECK(scene.hedge->told == Told{"0:server_error", "1:ok", "settle:ok"});
}

TEST_CASE("a final failure ends all branches and is the outcome", "[hedge][driver]") {
    Scene scene({{1h, 1}, {500ms, fail(missing)}});
    scene.hedge->is_final = [](const Failure& failure) { return failure.kind == FailureKind::not_found; };
    CHECK(scene.run_call().error() == missing);
    CHECK(scene.took() == 1500ms);
    CHECK(scene.log.cut == std::vector{FailureKind::canceled});
}

TEST_CASE("trap: the winner's reply is whole before the losers are cut, so nothing can cut it",
          "[hedge][driver]") {
    // failsafe-go#65: the context that ended the losers ended the reading of the winner's body too
    World world;
    ProbeHedge hedge;
    StopSignal* winners = nullptr;
    bool cut_while_reading = false;
    const auto op = [&](CallContext& call) -> asio::awaitable<R> {
        if (call.attempt == 1) {
            (void)co_await nap(world.runtime, 1h, call.stop);
            co_return fail(broken);
        }
        winners = call.stop;
        (void)co_await nap(world.runtime, 100ms, call.stop); // the head
        (void)co_await nap(world.runtime, 100ms, call.stop); // the body
        cut_while_reading = call.stop->requested();
        co_return 2;
    };
    CHECK(run(world, Pipeline{hedge}.run(world.runtime, {}, op)) == 2);
    REQUIRE(winners != nullptr);
    CHECK_FALSE(cut_while_reading);
}

TEST_CASE("each branch goes through the inner stages by itself, with a deadline of its own",
          "[hedge][driver]") {
    Scene scene({{1h, 1}, {1h, 2}});
    scene.inner->on_admit = [](CallContext& call) {
        call.deadline.narrow(call.now + 5s, FailureKind::attempt_timeout);
        return Admission::proceed();
    };
    const R outcome = scene.run_call();
    CHECK(outcome.error().kind == FailureKind::attempt_timeout);
    CHECK(scene.took() == 6s); // the second began at 1 s and had its 5 s too
    CHECK(scene.log.cut == std::vector(2, FailureKind::attempt_timeout));
}

TEST_CASE("the delay counts from the attempt's begin, not from a queue before it", "[hedge][driver]") {
    Scene scene({{1500ms, 1}, {1h, 2}});
    scene.inner->on_admit = [until = scene.began + 10s](CallContext& call) {
        return call.now >= until ? Admission::proceed() : Admission::wait(until);
    };
    CHECK(scene.run_call() == 1);
    CHECK(scene.log.began == std::vector{scene.began + 10s, scene.began + 11s});
}

TEST_CASE("a branch that is refused inside the hedge leaves the others alone", "[hedge][driver]") {
    const Failure full = refusal(FailureKind::concurrency_rejected, RefusedBy::concurrency_limit, 1s);
    SECTION("the second") {
        Scene scene({{3s, 1}});
        scene.inner->on_admit = [asked = 0, full](CallContext&) mutable {
            return ++asked == 1 ? Admission::proceed() : Admission::reject(full);
        };
        CHECK(scene.run_call() == 1);
        CHECK(scene.took() == 3s);
    }
    SECTION("the first, and no other runs: the refusal is the outcome") {
        Scene scene({});
        scene.hedge->most = 1;
        scene.inner->on_admit = [full](CallContext&) { return Admission::reject(full); };
        const R outcome = scene.run_call();
        CHECK(outcome.error().kind == FailureKind::concurrency_rejected);
        CHECK(outcome.error().reach == Reach::refused_here);
    }
}

TEST_CASE("a refusal of all branches does not hide what an earlier round came to", "[hedge][driver]") {
    World world;
    ProbePolicy retry{"retry"};
    retry->on_settle = [](CallContext& call, const Failure* failure) {
        if (failure == nullptr) {
            return Verdict::pass();
        }
        return failure->reach == Reach::refused_here ? Verdict::keep_previous(StopReason::refused)
                                                     : Verdict::again_at(call.now + 1s);
    };
    ProbePolicy breaker{"breaker"};
    breaker->on_admit = [asked = 0](CallContext&) mutable {
        return ++asked == 1
                   ? Admission::proceed()
                   : Admission::reject(refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 1s));
    };
    ProbeHedge hedge;
    hedge->most = 1;
    Staged::Log log{.attempts = {{100ms, fail(broken)}}};
    const R outcome =
        run(world, Pipeline{retry, hedge, breaker}.run(world.runtime, {}, Staged{&world, &log}));
    CHECK(outcome.error().kind == FailureKind::server_error);
    CHECK(outcome.error().stop_reason == StopReason::refused);
    CHECK(outcome.error().refused_by == RefusedBy::circuit_breaker);
}

TEST_CASE("a deadline that passes before any branch begins leaves the last answer standing",
          "[hedge][driver]") {
    World world;
    ProbePolicy retry{"retry"};
    retry->on_settle = [](CallContext& call, const Failure* failure) {
        return failure != nullptr && failure->reach == Reach::answered ? Verdict::again_at(call.now)
                                                                       : Verdict::pass();
    };
    ProbePolicy queue{"queue"};
    queue->on_admit = [asked = 0](CallContext&) mutable {
        return ++asked == 1 ? Admission::proceed() : Admission::wait();
    };
    CallSettings settings;
    settings.deadline.at = world.now() + 10s;
    Staged::Log log{.attempts = {{100ms, fail(broken)}}};
    const R outcome =
        run(world, Pipeline{retry, ProbeHedge{}, queue}.run(world.runtime, settings, Staged{&world, &log}));
    CHECK(outcome.error().kind == FailureKind::server_error);
    CHECK(outcome.error().stop_reason == StopReason::deadline);
}

TEST_CASE("the call's deadline ends all branches", "[hedge][driver]") {
    Scene scene({{1h, 1}, {1h, 2}});
    scene.settings.deadline.at = scene.began + 5s;
    CHECK(scene.run_call().error().kind == FailureKind::deadline_exceeded);
    CHECK(scene.took() == 5s);
    CHECK(scene.log.cut == std::vector(2, FailureKind::deadline_exceeded));
}

TEST_CASE("each attempt beside the first is paid for, also when the context ends in mid-flight",
          "[hedge][driver]") {
    const Hedge hedge({.delay = 1s, .max_extra = 3, .extra_ratio = 0});
    const double before = hedge.snapshot(TimePoint()).tokens;
    Staged::Log log{.attempts = {{1h, 1}, {1h, 2}, {1h, 3}}};
    {
        World world;
        const auto call = world.start(Pipeline{hedge}.run(world.runtime, {}, Staged{&world, &log}));
        world.run_for(2500ms);
        CHECK(log.began.size() == 3);
        CHECK(hedge.snapshot(world.now()).tokens == before - 2);
    }
    CHECK(hedge.snapshot(end_of_time).tokens == before - 2);
}

TEST_CASE("a hedge that waits inside is neither sent nor spent, and holds back those after it",
          "[hedge][driver]") {
    World world;
    const Hedge hedge({.delay = 1s, .max_extra = 2, .extra_ratio = 0});
    const double before = hedge.snapshot(TimePoint()).tokens;
    Staged::Log log{.attempts = {{5s, 1}, {1h, 2}, {1h, 3}}};
    ProbePolicy queue{"queue"};
    SECTION("its attempt never begins") {
        queue->on_admit = [asked = 0](CallContext&) mutable {
            return ++asked == 1 ? Admission::proceed() : Admission::wait();
        };
        CHECK(run(world, Pipeline{hedge, queue}.run(world.runtime, {}, Staged{&world, &log})) == 1);
        CHECK(log.began.size() == 1);
        CHECK(hedge.snapshot(world.now()).sent == 0);
        CHECK(hedge.snapshot(world.now()).tokens == before);
    }
    SECTION("it begins late, and the next one a delay after it") {
        const TimePoint began = world.now();
        queue->on_admit = [open = began + 2500ms, asked = 0](CallContext& call) mutable {
            return ++asked == 1 || call.now >= open ? Admission::proceed() : Admission::wait(open);
        };
        CHECK(run(world, Pipeline{hedge, queue}.run(world.runtime, {}, Staged{&world, &log})) == 1);
        CHECK(log.began == std::vector{began, began + 2500ms, began + 3500ms});
        CHECK(hedge.snapshot(world.now()).sent == 2);
        CHECK(hedge.snapshot(world.now()).tokens == before - 2);
    }
    SECTION("each of two that begin is paid for, and a context that ends in mid-flight refunds none") {
        const TimePoint open = world.now() + 1500ms;
        queue->on_admit = [open, asked = 0](CallContext& call) mutable {
            return ++asked == 1 || call.now >= open ? Admission::proceed() : Admission::wait(open);
        };
        {
            World other;
            const auto call =
                other.start(Pipeline{hedge, queue}.run(other.runtime, {}, Staged{&other, &log}));
            other.run_for(2s);
            CHECK(log.began.size() == 2);
        }
        CHECK(hedge.snapshot(world.now()).tokens == before - 1);
    }
}

TEST_CASE("a call without its hedge has one branch, whatever an earlier round remembers", "[hedge][driver]") {
    World world;
    const Hedge hedge({.delay = 1s});
    CallSettings settings;
    settings.overrides.without.add(Stage::hedge);
    SECTION("that is late") {
        Staged::Log log{.attempts = {{10s, 1}, {1ms, 2}}};
        CHECK(run(world, Pipeline{hedge}.run(world.runtime, settings, Staged{&world, &log})) == 1);
        CHECK(log.began.size() == 1);
    }
    SECTION("that fails") {
        Staged::Log log{.attempts = {{10ms, fail(broken)}, {1ms, 2}}};
        const R outcome = run(world, Pipeline{hedge}.run(world.runtime, settings, Staged{&world, &log}));
        CHECK(outcome.error() == broken);
        CHECK(log.began.size() == 1);
    }
    CHECK(hedge.snapshot(world.now()).sent == 0);
}

TEST_CASE("each round of a retry around the hedge has branches of its own", "[hedge][driver]") {
    World world;
    ProbePolicy retry{"retry"};
    retry->on_settle = [](CallContext& call, const Failure* failure) {
        return failure != nullptr ? Verdict::again_at(call.now + 10s) : Verdict::pass();
    };
    ProbeHedge hedge;
    Staged::Log log{.attempts = {{1500ms, fail(broken)}, {500ms, fail(broken)}, {1h, 3}, {500ms, 4}}};
    const TimePoint began = world.now();
    CHECK(run(world, Pipeline{retry, hedge}.run(world.runtime, {}, Staged{&world, &log})) == 4);
    CHECK(log.began == std::vector{began, began + 1s, began + 11500ms, began + 12500ms});
    CHECK(hedge->settled == 2);
}

TEST_CASE("an operation that throws in a branch fails that branch alone", "[hedge][driver]") {
    World world;
    const auto op = [&](CallContext& call) -> asio::awaitable<R> {
        if (call.attempt == 2) {
            throw std::runtime_error("side");
        }
        (void)co_await nap(world.runtime, 3s, call.stop);
        co_return 1;
    };
    ProbeHedge hedge;
    CHECK(run(world, Pipeline{hedge}.run(world.runtime, {}, op)) == 1);
    CHECK(hedge->told == Told{"1:exception", "0:ok", "settle:ok"});
}

TEST_CASE("branches have attempt numbers and random streams of their own, the same ones for the same seed",
          "[hedge][driver]") {
    struct Seen {
        std::vector<int> started;
        std::vector<int> ended;
        std::vector<std::uint64_t> drawn;
        bool operator==(const Seen&) const = default;
    };
    class Log final : public Observer {
    public:
        explicit Log(Seen& into) : seen(into) {}
        Seen& seen;

    protected:
        void on_event(const Event& event) override {
            if (event.type == EventType::attempt_started) {
                seen.started.push_back(event.attempt);
            } else if (event.type == EventType::attempt_ended) {
                seen.ended.push_back(event.attempt);
            }
        }
    };
    const auto trace = [](std::uint64_t seed) {
        Seen seen;
        Log observer{seen};
        World world{seed};
        CallSettings settings;
        settings.observer = &observer;
        const auto op = [&](CallContext& call) -> asio::awaitable<R> {
            seen.drawn.push_back(call.random->next());
            const bool first = call.attempt == 1;
            (void)co_await nap(world.runtime, first ? 1h : 1s, call.stop);
            co_return first ? R{fail(broken)} : R{2};
        };
        CHECK(run(world, Pipeline{ProbeHedge{}}.run(world.runtime, settings, op)) == 2);
        return seen;
    };
    const Seen seen = trace(7);
    CHECK(seen.started == std::vector{1, 2});
    CHECK(seen.ended == std::vector{2, 1});
    CHECK(seen.drawn.at(0) != seen.drawn.at(1));
    CHECK(seen == trace(7));
    CHECK_FALSE(seen.drawn == trace(8).drawn);
}

/// Heeds neither deadline nor stop: only its own cancellation.
struct Deaf {
    static constexpr bool needs_guard = true;
    World* world;
    int* aborted;
    asio::awaitable<R> operator()(CallContext& call) const {
        const bool second = call.attempt == 2;
        const detail::Woken woken = co_await nap(world->runtime, second ? 1s : 1h);
        *aborted += woken == detail::Woken::canceled ? 1 : 0;
        co_return second ? R{2} : R{fail(broken)};
    }
};

TEST_CASE("a loser that heeds no stop but a guard is cancelled", "[hedge][driver][guard]") {
    World world;
    int aborted = 0;
    const TimePoint began = world.now();
    CHECK(run(world, Pipeline{ProbeHedge{}}.run(world.runtime, {}, Deaf{&world, &aborted})) == 2);
    CHECK(aborted == 1);
    CHECK(world.now() - began == 2s);
}

} // namespace
