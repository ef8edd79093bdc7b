#include <backstay/pipeline/pipeline.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"

#include <backstay/policy/rate_limiter.hpp>

#include <array>
#include <vector>

// A rate limiter in a pipeline, where calls really wait.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

struct Scene : World {
    explicit Scene(const RateLimiterOptions& options) : limiter(options) {}

    RateLimiter limiter;
    std::vector<TimePoint> sent;

    void call(Started<R>& started, Priority priority = Priority::normal, TimePoint deadline = end_of_time) {
        CallSettings settings;
        settings.priority = priority;
        settings.deadline.at = deadline;
        start(started, Pipeline{limiter}.run(runtime, settings, [this](CallContext&) { return send(); }));
    }
    asio::awaitable<R> send() {
        sent.push_back(now());
        co_return 1;
    }
};

TEST_CASE("calls that come at once are sent one for each token", "[driver][rate_limiter]") {
    Scene scene({.rate = 10, .burst = 2, .max_wait = 10s});
    const TimePoint began = scene.now();
    std::array<Started<R>, 6> calls;
    for (Started<R>& one : calls) {
        scene.call(one);
    }
    scene.run();
    CHECK(scene.sent ==
          std::vector{began, began, began + 100ms, began + 200ms, began + 300ms, began + 400ms});
}

TEST_CASE("a call whose token comes too late is refused at once, not when its deadline comes",
          "[driver][rate_limiter]") {
    Scene scene({.rate = 10, .burst = 1, .max_wait = 10s});
    Started<R> first;
    Started<R> second;
    scene.call(first);
    scene.call(second, Priority::normal, scene.now() + 100ms);
    scene.run_for(0s);
    REQUIRE(second.ended());
    CHECK(second.outcome->error().kind == FailureKind::rate_limit_rejected);
    CHECK(second.outcome->error().hint == 100ms);
}

TEST_CASE("a caller cancelled in the queue leaves it, and those behind it come earlier",
          "[driver][rate_limiter]") {
    Scene scene({.rate = 10, .burst = 1, .max_wait = 10s});
    const TimePoint began = scene.now();
    std::array<Started<R>, 4> calls;
    for (Started<R>& one : calls) {
        scene.call(one);
    }
    scene.run_for(50ms);
    calls[1].cancel.emit(asio::cancellation_type::terminal);
    scene.run();
    CHECK(calls[1].outcome->error().kind == FailureKind::canceled);
    CHECK(scene.sent == std::vector{began, began + 100ms, began + 200ms});
}

TEST_CASE("a critical call goes first, and who is displaced by it ends at once", "[driver][rate_limiter]") {
    Scene scene({.rate = 10, .burst = 1, .max_wait = 10s, .max_queued = 1});
    const TimePoint began = scene.now();
    Started<R> first;
    Started<R> sheddable;
    Started<R> critical;
    scene.call(first);
    scene.call(sheddable, Priority::sheddable);
    scene.run_for(50ms);
    scene.call(critical, Priority::critical);
    scene.run_for(0s);
    REQUIRE(sheddable.ended());
    CHECK(sheddable.outcome->error().refused_by == RefusedBy::rate_limiter);
    scene.run();
    CHECK(scene.sent == std::vector{began, began + 100ms});
}

TEST_CASE("a context that is destroyed leaves the queue to the others", "[driver][rate_limiter]") {
    RateLimiter kept;
    {
        Scene scene({.rate = 10, .burst = 1, .max_wait = 10s});
        Started<R> first;
        Started<R> second;
        scene.call(first);
        scene.call(second);
        scene.run_for(10ms);
        CHECK(scene.limiter.snapshot(scene.now()).queued == 1);
        kept = scene.limiter;
    }
    CHECK(kept.snapshot(TimePoint{}).queued == 0);
}

} // namespace
