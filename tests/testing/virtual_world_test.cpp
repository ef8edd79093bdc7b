#include <backstay/testing/virtual_world.hpp>

#include "support/catch.hpp"

#include <backstay/pipeline/pipeline.hpp>
#include <backstay/pipeline/sleep.hpp>
#include <backstay/policy/retry.hpp>

#include <stdexcept>
#include <string>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

using R = expected<int, Failure>;

asio::awaitable<R> flaky(CallContext& call) {
    const Failure busy =
        Failure{.kind = FailureKind::service_unavailable, .reach = Reach::answered, .status = 503}.set_hint(
            2h);
    co_return call.attempt < 3 ? R{fail(busy)} : R{call.attempt};
}

/// Lets nobody through, ever.
struct Never {
    static constexpr Stage stage = Stage::custom;
    struct Call {};
    Admission admit(Call&, CallContext&) noexcept { return Admission::wait(); }
    Verdict settle(Call&, CallContext&, const Failure*) noexcept { return Verdict::pass(); }
};

Pipeline<Retry> patient() {
    return Pipeline{Retry{{.max_server_wait = 24h, .hint_jitter_ratio = 0}}};
}

} // namespace

TEST_CASE("hours of virtual time pass until a call has ended", "[virtual_world]") {
    VirtualWorld world;
    const TimePoint began = world.now();
    CHECK(world.run(patient().run(world.runtime, CallSettings(), flaky)) == 3);
    CHECK(world.now() - began == 4h);
}

TEST_CASE("a call that was started can be looked at on its way, and cancelled", "[virtual_world]") {
    VirtualWorld world;
    const auto call = world.start(patient().run(world.runtime, CallSettings(), flaky));
    world.run_for(3h);
    CHECK_FALSE(call->ended());
    call->cancel.emit(asio::cancellation_type::terminal);
    world.run();
    REQUIRE(call->ended());
    CHECK(call->outcome->error().kind == FailureKind::canceled);
}

TEST_CASE("a coroutine without an outcome is run, and what it throws reaches the test", "[virtual_world]") {
    VirtualWorld world;
    const auto sleeps = [&](bool throws) -> asio::awaitable<void> {
        (void)co_await sleep_for(world.runtime, 1h);
        if (throws) {
            throw std::runtime_error("oops");
        }
    };
    const TimePoint began = world.now();
    world.run(sleeps(false));
    CHECK(world.now() - began == 1h);
    CHECK_THROWS_WITH(world.run(sleeps(true)), "oops");
    const auto call = world.start(sleeps(false));
    CHECK_FALSE(call->ended());
    world.run();
    CHECK(call->ended());
}

TEST_CASE("what a coroutine throws reaches the test", "[virtual_world]") {
    VirtualWorld world;
    const auto throwing = []() -> asio::awaitable<int> {
        throw std::runtime_error("oops");
        co_return 0;
    };
    CHECK_THROWS_WITH(world.run(throwing()), "oops");
}

TEST_CASE("a call that waits for what never comes is told, not waited for", "[virtual_world]") {
    VirtualWorld world;
    CHECK_THROWS_AS(world.run(Pipeline{Never{}}.run(world.runtime, CallSettings(), flaky)), std::logic_error);
    CHECK_THROWS_WITH(world.run(Pipeline{Never{}}.run(world.runtime, CallSettings(), flaky)),
                      ContainsSubstring("an Asio timer does not move virtual time"));
}
