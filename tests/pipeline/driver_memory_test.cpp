#include <backstay/pipeline/pipeline.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"
#include "support/failing_executor.hpp"
#include "support/hedge_scene.hpp"

#include <backstay/policy/concurrency_limit.hpp>

#include <array>

// What becomes of a call when there is no memory for a wait, or for waking it.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

constexpr Failure broken{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};

/// Calls on an executor that fails when told.
struct Scene {
    World world;
    FailingExecutor::Faults faults;
    asio::any_io_executor executor{FailingExecutor(world.context, faults)};

    /// The call can be cancelled, and so could not be waited for without memory.
    void start(Started<R>& place, asio::awaitable<R> call) {
        asio::co_spawn(executor, std::move(call),
                       asio::bind_cancellation_slot(place.cancel.slot(), [&](std::exception_ptr, R result) {
                           place.outcome.emplace(std::move(result));
                       }));
    }
};

TEST_CASE("branches are awaited although there is no memory to wait for them", "[driver][memory][hedge]") {
    Scene scene;
    const ProbeHedge hedge;
    int ended = 0;
    const auto op = [&](CallContext& call) -> asio::awaitable<R> {
        const bool first = call.attempt == 1;
        (void)co_await nap(scene.world.runtime, first ? 2s : 1h, call.stop);
        ++ended;
        if (first) {
            scene.faults.tracked = 1; // of the wait for the others
        }
        co_return fail(broken);
    };
    Started<R> call;
    scene.start(call, Pipeline{hedge}.run(scene.world.runtime, {}, op));
    scene.world.run_for(10s);
    CHECK(scene.faults.tracked == 0);
    REQUIRE(call.outcome);
    CHECK(call.outcome->error() == broken);
    CHECK(ended == 2);
}

TEST_CASE("a wake that could not be posted is made up for when the next call waits or ends",
          "[driver][memory][wait]") {
    Scene scene;
    const ConcurrencyLimit limit({.limit = 1});
    const Pipeline pipeline{limit};
    const auto one_second = [&](CallContext& call) -> asio::awaitable<R> {
        (void)co_await nap(scene.world.runtime, 1s, call.stop);
        if (call.priority == Priority::critical) {
            scene.faults.posts = 1;
        }
        co_return 1;
    };
    CallSettings first;
    first.priority = Priority::critical;
    std::array<Started<R>, 3> calls;
    scene.start(calls[0], pipeline.run(scene.world.runtime, first, one_second));
    scene.start(calls[1], pipeline.run(scene.world.runtime, {}, one_second));
    scene.world.run_for(10s);
    CHECK(scene.faults.posts == 0);
    REQUIRE(calls[0].outcome);
    scene.start(calls[2], pipeline.run(scene.world.runtime, {}, one_second));
    scene.world.run_for(10s);
    CHECK(calls[1].outcome);
    CHECK(calls[2].outcome);
}

} // namespace
