#include <backstay/pipeline/sleep.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"

#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

TEST_CASE("a sleep takes virtual time and no other", "[sleep]") {
    World world;
    const TimePoint began = world.now();
    CHECK(run(world, sleep_for(world.runtime, 10h)));
    CHECK(world.now() - began == 10h);
    CHECK(run(world, sleep_for(world.runtime, -1s)));
    CHECK(world.now() - began == 10h);
}

TEST_CASE("a sleep is cancelled", "[sleep]") {
    World world;
    const auto call = world.start(sleep_for(world.runtime, 10h));
    world.run_for(1s);
    call->cancel.emit(asio::cancellation_type::terminal);
    world.run_for(0s);
    REQUIRE(call->ended());
    CHECK(call->outcome == false);
    CHECK(world.runtime.armed() == 0);
}

TEST_CASE("a sleep within an operation heeds the deadline and a stop", "[sleep]") {
    World world;
    bool whole = true;
    const auto op = [&](CallContext& call) -> asio::awaitable<R> {
        whole = co_await sleep_for(world.runtime, 10s, call);
        co_return 1;
    };
    StopSignal stop;
    CallSettings settings;
    settings.stop = &stop;
    const TimePoint began = world.now();
    SECTION("a deadline") {
        CHECK(run(world, Pipeline{AttemptTimeout{2s}}.run(world.runtime, settings, op)));
        CHECK_FALSE(whole);
        CHECK(world.now() - began == 2s);
    }
    SECTION("one that is far enough") {
        CHECK(run(world, Pipeline{AttemptTimeout{10s}}.run(world.runtime, settings, op)));
        CHECK(whole);
    }
    SECTION("a stop") {
        const auto call = world.start(Pipeline{AttemptTimeout{10s}}.run(world.runtime, settings, op));
        world.run_for(1s);
        stop.request(FailureKind::client_closed);
        world.run();
        CHECK_FALSE(whole);
        CHECK(world.now() - began == 1s);
    }
}

} // namespace
