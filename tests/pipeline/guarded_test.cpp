#include <backstay/pipeline/guarded.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"

#include <backstay/pipeline/pipeline.hpp>
#include <backstay/pipeline/sleep.hpp>
#include <backstay/policy/attempt_timeout.hpp>

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

TEST_CASE("a timeout ends a guarded function that heeds neither deadline nor stop", "[guard]") {
    World world;
    const TimePoint began = world.now();
    const auto deaf = [&](CallContext&) -> asio::awaitable<R> {
        const bool whole = co_await sleep_for(world.runtime, 1h);
        co_return whole ? R{1} : R{fail(Failure{.kind = FailureKind::exception})};
    };
    SECTION("guarded") {
        const R late = run(world, Pipeline{AttemptTimeout{3s}}.run(world.runtime, {}, guarded(deaf)));
        REQUIRE_FALSE(late);
        CHECK(late.error().kind == FailureKind::attempt_timeout);
        CHECK(world.now() - began == 3s);
    }
    SECTION("not guarded: nothing happens, as the header says") {
        CHECK(run(world, Pipeline{AttemptTimeout{3s}}.run(world.runtime, {}, deaf)) == 1);
        CHECK(world.now() - began == 1h);
    }
}

} // namespace
