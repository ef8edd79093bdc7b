#include <backstay/pipeline/pipeline.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"
#include "support/probe_policy.hpp"

#include <asio/strand.hpp>

#include <optional>
#include <thread>
#include <vector>

// Waits: for a time, for a turn, and what cuts them.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

constexpr Failure broken{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};

asio::awaitable<R> one(CallContext&) {
    co_return 1;
}
asio::awaitable<R> break_down(CallContext&) {
    co_return fail(broken);
}

/// Lets calls through from a time on.
ProbePolicy opens_at(TimePoint at) {
    ProbePolicy gate{"gate"};
    gate->on_admit = [at](CallContext& call) {
        return call.now >= at ? Admission::proceed() : Admission::wait(at);
    };
    return gate;
}

TEST_CASE("a stage that waits for a time is asked again then, outer stages are not", "[driver][wait]") {
    World world;
    std::vector<std::string> journal;
    const ProbePolicy outer{"outer", &journal};
    const TimePoint began = world.now();
    const Pipeline pipeline{outer, opens_at(began + 3s)};
    CHECK(run(world, pipeline.run(world.runtime, {}, one)) == 1);
    CHECK(world.now() == began + 3s);
    CHECK(journal == std::vector<std::string>{"outer.admit", "outer.settle:ok"});
}

TEST_CASE("a wait never goes past the deadline, and the stage forgets the call at once", "[driver][wait]") {
    World world;
    const TimePoint began = world.now();
    CallSettings settings;
    settings.deadline = {.at = began + 2s, .kind = FailureKind::deadline_exceeded};
    const ProbePolicy outer{"outer"};
    const ProbePolicy gate = opens_at(began + 3s);
    bool forgotten = false;
    outer->on_settle = [&](CallContext&, const Failure*) {
        forgotten = gate->destroyed == 1;
        return Verdict::pass();
    };
    const Pipeline pipeline{outer, gate};
    const R result = run(world, pipeline.run(world.runtime, settings, one));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::deadline_exceeded);
    CHECK(result.error().reach == Reach::never_sent);
    CHECK(world.now() == began + 2s);
    CHECK(outer->held == 0);
    CHECK(forgotten);
}

TEST_CASE("a waker ends a wait before its time", "[driver][wait]") {
    World world;
    std::optional<Waker> waker;
    bool open = false;
    ProbePolicy gate{"gate"};
    gate->on_admit = [&](CallContext&) { return open ? Admission::proceed() : Admission::wait(); };
    gate->on_enqueue = [&](Waker left) {
        waker = std::move(left);
        return true;
    };
    Started<R> started;
    const Pipeline pipeline{gate};
    start(world, started, pipeline.run(world.runtime, {}, one));
    world.run();
    REQUIRE(waker);
    CHECK_FALSE(started.ended());

    waker->wake(); // too early: it is asked, and waits again
    world.run();
    CHECK_FALSE(started.ended());

    open = true;
    std::thread([&] { waker->wake(); }).join(); // wakers may be called from any thread
    world.run();
    REQUIRE(started.ended());
    CHECK(*started.outcome == 1);
}

TEST_CASE("a place that came free before the waker was left is asked for again at once", "[driver][wait]") {
    World world;
    int asked = 0;
    ProbePolicy gate{"gate"};
    gate->on_admit = [&](CallContext&) { return ++asked == 1 ? Admission::wait() : Admission::proceed(); };
    gate->on_enqueue = [](const Waker&) { return false; };
    CHECK(run(world, Pipeline{gate}.run(world.runtime, {}, one)) == 1);
    CHECK(asked == 2);
}

TEST_CASE("a repeat that would begin past the deadline is not waited for", "[driver][wait]") {
    World world;
    const TimePoint began = world.now();
    CallSettings settings;
    settings.deadline = {.at = began + 10s, .kind = FailureKind::deadline_exceeded};
    std::vector<std::string> journal;
    const ProbePolicy outer{"outer", &journal};
    ProbePolicy hopeful{"retry"}; // does not look at the deadline: the driver's net
    hopeful->on_settle = [](CallContext& call, const Failure*) { return Verdict::again_at(call.now + 1min); };
    const R result = run(world, Pipeline{outer, hopeful}.run(world.runtime, settings, break_down));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::server_error);
    CHECK(result.error().stop_reason == StopReason::deadline);
    CHECK(world.now() == began);
    CHECK(journal == std::vector<std::string>{"outer.admit", "outer.settle:server_error"});
}

TEST_CASE("a deadline that passes in a queue for a repeat leaves the last answer standing",
          "[driver][wait]") {
    World world;
    const TimePoint began = world.now();
    CallSettings settings;
    settings.deadline = {.at = began + 5s, .kind = FailureKind::deadline_exceeded};
    int asked = 0;
    ProbePolicy queue{"queue"};
    queue->on_admit = [&](CallContext&) { return ++asked == 1 ? Admission::proceed() : Admission::wait(); };
    ProbePolicy again{"retry"};
    again->on_settle = [](CallContext& call, const Failure* failure) {
        return failure != nullptr ? Verdict::again_at(call.now + 1s) : Verdict::pass();
    };
    const R result = run(world, Pipeline{again, queue}.run(world.runtime, settings, break_down));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::server_error);
    CHECK(result.error().status == 500);
    CHECK(result.error().stop_reason == StopReason::deadline);
    CHECK(world.now() == began + 5s);
}

TEST_CASE("a waker that is called late does not cut the wait for a repeat short", "[driver][wait]") {
    World world;
    std::optional<Waker> waker;
    int asked = 0;
    ProbePolicy queue{"queue"};
    queue->on_admit = [&](CallContext&) { return ++asked == 1 ? Admission::wait() : Admission::proceed(); };
    queue->on_enqueue = [&](Waker left) {
        waker = std::move(left);
        return true;
    };
    ProbePolicy again{"retry"};
    again->on_settle = [](CallContext& call, const Failure* failure) {
        return failure != nullptr && call.attempt < 2 ? Verdict::again_at(call.now + 60s) : Verdict::pass();
    };
    Started<R> started;
    start(world, started, Pipeline{again, queue}.run(world.runtime, {}, break_down));
    world.run_for(1s);
    REQUIRE(waker);
    const TimePoint first = world.now();
    waker->wake();
    world.run_for(1s); // the first attempt has failed, its repeat is 60 s away
    waker->wake();
    world.run();
    REQUIRE(started.ended());
    CHECK(world.now() - first == 60s);
}

TEST_CASE("a stop that comes while an attempt runs keeps a repeat without delay from beginning",
          "[driver][wait]") {
    World world;
    StopSignal stop;
    CallSettings settings;
    settings.stop = &stop;
    int attempts = 0;
    const auto op = [&](CallContext&) -> asio::awaitable<R> {
        ++attempts;
        stop.request(FailureKind::client_closed);
        co_return fail(broken);
    };
    ProbePolicy again{"retry"};
    again->on_settle = [](CallContext& call, const Failure*) { return Verdict::again_at(call.now); };
    const R result = run(world, Pipeline{again}.run(world.runtime, settings, op));
    CHECK(attempts == 1);
    REQUIRE_FALSE(result);
    CHECK(result.error().status == 500); // the last answer stands
    CHECK(result.error().stop_reason == StopReason::refused);
    CHECK(result.error().refused_by == RefusedBy::client);
}

TEST_CASE("a call that is cancelled before a repeat says that an earlier attempt may have been processed",
          "[driver][wait]") {
    World world;
    const auto lose = [](CallContext&) -> asio::awaitable<R> {
        const Failure lost{.kind = FailureKind::connection_lost, .reach = Reach::maybe_processed};
        co_return fail(lost);
    };
    ProbePolicy again{"retry"};
    again->on_settle = [](CallContext& call, const Failure*) { return Verdict::again_at(call.now + 1h); };
    Started<R> started;
    start(world, started, Pipeline{again}.run(world.runtime, {}, lose));
    world.run_for(1s);
    started.cancel.emit(asio::cancellation_type::terminal);
    world.run();
    REQUIRE(started.outcome);
    CHECK(started.outcome->error().kind == FailureKind::canceled);
    CHECK(started.outcome->error().reach == Reach::maybe_processed);
}

TEST_CASE("a refusal is told to the observer", "[driver][wait]") {
    World world;
    struct Log final : Observer {
        void on_event(const Event& event) override {
            refused +=
                event.type == EventType::refused && event.refused_by == RefusedBy::circuit_breaker ? 1 : 0;
        }
        int refused = 0;
    } log;
    CallSettings settings;
    settings.observer = &log;
    ProbePolicy gate{"gate"};
    gate->on_admit = [](CallContext&) {
        return Admission::reject(refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 1s));
    };
    (void)run(world, Pipeline{gate}.run(world.runtime, settings, one));
    CHECK(log.refused == 1);
}

TEST_CASE("a stop ends a wait with its reason", "[driver][wait]") {
    World world;
    StopSignal stop;
    CallSettings settings;
    settings.stop = &stop;
    Started<R> started;
    const ProbePolicy outer{"outer"};
    const Pipeline pipeline{outer, opens_at(world.now() + 1h)};
    start(world, started, pipeline.run(world.runtime, settings, one));
    world.run_for(1min);
    CHECK_FALSE(started.ended());
    stop.request(FailureKind::client_closed);
    world.run();
    REQUIRE(started.outcome);
    CHECK(started.outcome->error().kind == FailureKind::client_closed);
    CHECK(started.outcome->error().refused_by == RefusedBy::client);
    CHECK(outer->held == 0);

    CHECK(run(world, pipeline.run(world.runtime, settings, one)).error().kind == FailureKind::client_closed);
}

TEST_CASE("a context that is destroyed in mid-wait gives back what its calls held", "[driver][wait]") {
    const ProbePolicy outer{"outer"};
    VirtualRuntime runtime;
    std::optional<Waker> waker;
    {
        asio::io_context context;
        ProbePolicy gate{"gate"};
        gate->on_admit = [](CallContext&) { return Admission::wait(); };
        gate->on_enqueue = [&](Waker left) {
            waker = std::move(left);
            return true;
        };
        const Pipeline pipeline{outer, gate};
        asio::co_spawn(context, pipeline.run(runtime, {}, one), [](std::exception_ptr, const R&) {});
        const Pipeline sleeping{outer, opens_at(runtime.now() + 1h)};
        asio::co_spawn(context, sleeping.run(runtime, {}, one), [](std::exception_ptr, const R&) {});
        context.poll();
        CHECK(outer->held == 2);
    }
    CHECK(outer->held == 0);
    CHECK(outer->destroyed_unsettled == 2);
    waker->wake(); // of a context that is gone: nothing happens
}

TEST_CASE("a waker may outlive the context of a call that ran on a strand", "[driver][wait]") {
    VirtualRuntime runtime;
    std::optional<Waker> waker;
    ProbePolicy gate{"gate"};
    gate->on_admit = [](CallContext&) { return Admission::wait(); };
    gate->on_enqueue = [&](Waker left) {
        waker = std::move(left);
        return true;
    };
    {
        asio::io_context context;
        asio::co_spawn(asio::make_strand(context), Pipeline{gate}.run(runtime, {}, one),
                       [](std::exception_ptr, const R&) {});
        context.poll();
        REQUIRE(waker);
    }
    waker->wake();
    waker.reset(); // the last share of the parking, and of its executor
}

TEST_CASE("real time: a wait ends by the clock and keeps the context running", "[driver][wait]") {
    asio::io_context context;
    std::optional<R> outcome;
    Runtime& runtime = asio_runtime();
    const TimePoint until = runtime.now() + 20ms;
    const Pipeline pipeline{opens_at(until)};
    asio::co_spawn(context, pipeline.run(one),
                   [&](std::exception_ptr, const R& result) { outcome = result; });
    context.run();
    REQUIRE(outcome);
    CHECK(*outcome == 1);
    CHECK(runtime.now() >= until);
}

} // namespace
