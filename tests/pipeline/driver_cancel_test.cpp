#include <backstay/pipeline/pipeline.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"
#include "support/probe_policy.hpp"

#include <asio/cancellation_type.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <iostream>

// Cancellation: at every resumption, before the start, of guarded operations, and what the caller sees
// afterwards.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

constexpr Failure broken{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};

/// A call with every kind of wait: a stage's time, a queue, an operation that suspends, a repeat.
struct Scene {
    World world;
    ProbePolicy outer{"outer"};
    ProbePolicy pause{"pause"};
    ProbePolicy queue{"queue"};
    ProbePolicy again{"retry"};
    int attempts = 0;
    Started<R> call;

    Scene() {
        pause->on_admit = [until = world.now() + 1s](CallContext& context) {
            return context.now >= until ? Admission::proceed() : Admission::wait(until);
        };
        queue->on_admit = [asked = 0](CallContext&) mutable {
            return ++asked % 2 == 1 ? Admission::wait() : Admission::proceed();
        };
        queue->on_enqueue = [this](Waker waker) {
            asio::post(world.context, [waker] { waker.wake(); });
            return true;
        };
        again->on_settle = [](CallContext& context, const Failure* failure) {
            return failure != nullptr && context.attempt < 3 ? Verdict::again_at(context.now + 1s)
                                                             : Verdict::pass();
        };
    }

    void begin() {
        const Pipeline pipeline{outer, pause, again, queue};
        start(world, call, pipeline.run(world.runtime, {}, [this](CallContext&) { return attempt(); }));
    }

    asio::awaitable<R> attempt() {
        ++attempts;
        const detail::Woken woken = co_await nap(world.runtime, 1s);
        co_return woken != detail::Woken::time || attempts < 3 ? R{fail(broken)} : R{attempts};
    }

    [[nodiscard]] int held() const { return outer->held + pause->held + queue->held + again->held; }
};

/// Runs handlers one at a time and cancels before the k-th; true when the call ended before it came to that.
bool cancel_before_handler(int k, int& canceled) {
    Scene scene;
    scene.begin();
    auto& context = scene.world.context;
    for (int handlers = 0;; ++handlers) {
        if (handlers == k) {
            if (scene.call.ended()) {
                return true;
            }
            scene.call.cancel.emit(asio::cancellation_type::terminal);
            scene.world.run();
            REQUIRE(scene.call.outcome);
            // a cancel that came when nothing was left to do may be too late: then the outcome stands
            if (!*scene.call.outcome) {
                CHECK(scene.call.outcome->error().kind == FailureKind::canceled);
                ++canceled;
            }
            CHECK(scene.held() == 0);
            CHECK(scene.world.runtime.armed() == 0);
            return false;
        }
        context.restart();
        if (context.poll_one() == 0) {
            if (scene.world.runtime.armed() == 0) {
                return true;
            }
            scene.world.runtime.run_next(context);
        }
    }
}

TEST_CASE("a call cancelled at the k-th resumption ends as canceled and holds nothing, for every k",
          "[driver][cancel]") {
    int k = 1; // before the first handler the call has not begun: there `co_spawn` itself throws
    int canceled = 0;
    while (!cancel_before_handler(k, canceled)) {
        ++k;
    }
    --k;
    std::cout << "driver: cancelled before each of " << k << " handlers, " << canceled
              << " ended as canceled\n";
    CHECK(k > 15);
    CHECK(canceled >= k - 3); // in the last three the outcome had been decided before the cancel came
}

TEST_CASE("the scene succeeds when nobody cancels", "[driver][cancel]") {
    Scene scene;
    scene.begin();
    scene.world.run();
    REQUIRE(scene.call.outcome);
    CHECK(*scene.call.outcome == 3);
    CHECK(scene.held() == 0);
}

TEST_CASE("a call started already cancelled begins no attempt and returns canceled as a value",
          "[driver][cancel]") {
    World world;
    Started<R> started;
    int attempts = 0;
    const ProbePolicy outer{"outer"};
    const auto body = [&]() -> asio::awaitable<R> {
        co_await asio::this_coro::throw_if_cancelled(false);
        (void)co_await nap(world.runtime, 1h); // cancelled in here
        const Pipeline pipeline{outer};
        const auto op = [&](CallContext&) -> asio::awaitable<R> { co_return ++attempts; };
        co_return co_await pipeline.run(world.runtime, CallSettings(), op);
    };
    start(world, started, body());
    world.run_for(1s);
    started.cancel.emit(asio::cancellation_type::terminal);
    world.run();
    REQUIRE(started.outcome);
    CHECK(started.outcome->error().kind == FailureKind::canceled);
    CHECK(attempts == 0);
    CHECK(outer->held == 0);
}

TEST_CASE("the caller's own setting of throw_if_cancelled is as it was", "[driver][cancel]") {
    World world;
    for (const bool setting : {true, false}) {
        bool after = !setting;
        const auto body = [&]() -> asio::awaitable<int> {
            co_await asio::this_coro::throw_if_cancelled(setting);
            const auto op = [](CallContext&) -> asio::awaitable<R> { co_return fail(broken); };
            (void)co_await Pipeline<>().run(world.runtime, CallSettings(), op);
            after = co_await asio::this_coro::throw_if_cancelled();
            co_return 0;
        };
        (void)run(world, body());
        CHECK(after == setting);
    }
}

TEST_CASE("a success reached in spite of a cancel stands, a failure becomes canceled", "[driver][cancel]") {
    for (const bool succeeds : {true, false}) {
        World world;
        Started<R> started;
        const auto op = [&](CallContext&) -> asio::awaitable<R> {
            (void)co_await nap(world.runtime, 1s);
            co_return succeeds ? R{5} : R{fail(broken)};
        };
        start(world, started, Pipeline{ProbePolicy{}}.run(world.runtime, {}, op));
        world.run_for(1ms);
        started.cancel.emit(asio::cancellation_type::terminal);
        world.run();
        REQUIRE(started.outcome);
        CHECK(started.outcome->has_value() == succeeds);
        if (!succeeds) {
            CHECK(started.outcome->error().kind == FailureKind::canceled);
        }
    }
}

/// Heeds neither deadline nor stop: only its own cancellation.
struct Deaf {
    static constexpr bool needs_guard = true;
    World* world;
    bool* aborted;
    bool succeeds_when_cut = false;

    asio::awaitable<R> operator()(CallContext&) const {
        const detail::Woken woken = co_await nap(world->runtime, 10h);
        *aborted = woken == detail::Woken::canceled;
        co_return succeeds_when_cut || !*aborted ? R{1} : R{fail(broken)};
    }
};

TEST_CASE("an operation that needs a guard is cut at the deadline, by a stop, and by a cancel",
          "[driver][guard]") {
    World world;
    bool aborted = false;
    CallSettings settings;
    settings.deadline = {.at = world.now() + 3s, .kind = FailureKind::attempt_timeout};
    const ProbePolicy outer{"outer"};
    const Pipeline pipeline{outer};
    const TimePoint began = world.now();
    const R late = run(world, pipeline.run(world.runtime, settings, Deaf{&world, &aborted}));
    CHECK(late.error().kind == FailureKind::attempt_timeout);
    CHECK(late.error().reach == Reach::maybe_processed);
    CHECK(aborted);
    CHECK(world.now() - began == 3s);

    StopSignal stop;
    settings = {};
    settings.stop = &stop;
    Started<R> stopped;
    start(world, stopped, pipeline.run(world.runtime, settings, Deaf{&world, &aborted}));
    world.run_for(1s);
    stop.request(FailureKind::client_closed);
    world.run();
    CHECK(stopped.outcome->error().kind == FailureKind::client_closed);

    Started<R> canceled;
    start(world, canceled, pipeline.run(world.runtime, {}, Deaf{&world, &aborted}));
    world.run_for(1s);
    canceled.cancel.emit(asio::cancellation_type::terminal);
    world.run();
    CHECK(canceled.outcome->error().kind == FailureKind::canceled);
    CHECK(outer->held == 0);

    settings = {};
    settings.deadline = {.at = world.now() + 3s, .kind = FailureKind::deadline_exceeded};
    CHECK(run(world, pipeline.run(world.runtime, settings, Deaf{&world, &aborted, true})) == 1);
}

} // namespace
