#include <backstay/pipeline/pipeline.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"

#include <backstay/policy/cool_down.hpp>
#include <backstay/policy/retry.hpp>

#include <array>
#include <memory>
#include <vector>

// A cool-down in a pipeline, where calls really wait.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

/// A server that refuses until a time, and notes when it was asked.
struct Server {
    VirtualRuntime* runtime;
    int status = 429;
    TimePoint refuses_until{};
    Duration slower{0}; ///< each reply takes so much longer than the one before
    std::vector<TimePoint> asked{};

    asio::awaitable<R> answer(CallContext&) {
        asked.push_back(runtime->now());
        co_await nap(*runtime, slower * static_cast<int>(asked.size()));
        if (runtime->now() >= refuses_until) {
            co_return 200;
        }
        Failure failure{.kind = kind_of_status(status),
                        .reach = Reach::answered,
                        .status = static_cast<std::uint16_t>(status)};
        failure.set_hint(refuses_until - runtime->now(), Failure::hint_from_header);
        co_return fail(failure);
    }
};

struct Scene : World {
    Server server{.runtime = &runtime};
    CoolDown cool_down{};
    Pipeline<Retry, CoolDown> pipeline{Retry{RetryOptions{.budget = std::nullopt}}, cool_down};

    void call(Started<R>& started, std::string_view credential, TimePoint deadline = end_of_time) {
        CallSettings settings;
        settings.key = {.origin = "https://api.test", .credential = credential};
        settings.deadline.at = deadline;
        start(started,
              pipeline.run(runtime, settings, [this](CallContext& of_it) { return server.answer(of_it); }));
    }
};

TEST_CASE("one 429 holds back all callers with that credential and no others", "[driver][cool_down]") {
    Scene scene;
    const TimePoint began = scene.now();
    scene.server.refuses_until = began + 10s;
    Started<R> first;
    scene.call(first, "red");
    scene.run_for(1s);
    REQUIRE(scene.server.asked.size() == 1);

    std::array<Started<R>, 20> others;
    for (Started<R>& other : others) {
        scene.call(other, "red");
    }
    Started<R> hurried;
    scene.call(hurried, "red", began + 5s);
    scene.run_for(1s);
    CHECK(scene.server.asked.size() == 1);
    REQUIRE(hurried.ended());
    CHECK(hurried.outcome->error().kind == FailureKind::cooling_down);
    CHECK(hurried.outcome->error().hint == 9s);

    scene.server.status = 404; // for everybody else
    Started<R> blue;
    scene.call(blue, "blue");
    scene.run_for(1s);
    CHECK(scene.server.asked.size() == 2);
    CHECK(blue.ended());

    scene.run();
    CHECK(first.outcome->has_value());
    for (const Started<R>& other : others) {
        CHECK(other.outcome->has_value());
    }
    CHECK(scene.server.asked.size() == 2 + 1 + 20); // nobody knocked early, nobody was sent twice
    CHECK(scene.server.asked.back() <= began + 11s);
    CHECK(scene.server.asked.back() - scene.server.asked[2] > 500ms);
}

TEST_CASE("the call that was refused waits once: its own wait, and not the gate's as well",
          "[driver][cool_down]") {
    Scene scene;
    const TimePoint began = scene.now();
    scene.server.refuses_until = began + 10s;
    scene.server.slower = 20ms;
    std::array<Started<R>, 10> in_flight; // all refused, one after the other
    for (Started<R>& one : in_flight) {
        scene.call(one, "red");
    }
    scene.run_for(1s);
    scene.server.slower = 0ms;
    scene.run();
    CHECK(scene.server.asked.size() == 10 + 10);
    CHECK(scene.cool_down.snapshot(scene.now(), {.origin = "https://api.test", .credential = "red"}).held ==
          0);
    CHECK(scene.now() <= began + 11s);
}

TEST_CASE("a probe's reply releases those who wait long before the end", "[driver][cool_down]") {
    Scene scene;
    const TimePoint began = scene.now();
    scene.server.status = 503;
    scene.server.refuses_until = began + 50s;
    std::array<Started<R>, 3> refused; // they wait out their own
    for (Started<R>& one : refused) {
        scene.call(one, "red");
    }
    scene.run_for(1s);
    std::array<Started<R>, 10> held;
    for (Started<R>& one : held) {
        scene.call(one, "red");
    }
    scene.run_for(1s);
    CHECK(scene.server.asked.size() == 3);
    scene.server.refuses_until = scene.now(); // it recovers earlier than it said
    scene.run_for(5s);
    for (const Started<R>& one : held) {
        CHECK(one.ended());
    }
    CHECK(scene.server.asked.size() == 3 + 10);
    CHECK(scene.server.asked[3] == began + 5s);
    CHECK(scene.server.asked[4] > began + 5s); // spread
    scene.run();
}

TEST_CASE("a caller cancelled at the gate leaves it, and a destroyed context too", "[driver][cool_down]") {
    CoolDown kept;
    {
        Scene scene;
        scene.server.refuses_until = scene.now() + 10s;
        Started<R> first;
        scene.call(first, "red");
        scene.run_for(1s);
        Started<R> canceled;
        Started<R> left;
        scene.call(canceled, "red");
        scene.call(left, "red");
        scene.run_for(1s);
        const CallKey key{.origin = "https://api.test", .credential = "red"};
        CHECK(scene.cool_down.snapshot(scene.now(), key).waiting == 2);
        canceled.cancel.emit(asio::cancellation_type::terminal);
        scene.run_for(1s);
        CHECK(scene.cool_down.snapshot(scene.now(), key).waiting == 1);
        CHECK(canceled.outcome->error().kind == FailureKind::canceled);
        kept = scene.cool_down;
    }
    CHECK(kept.snapshot(TimePoint{}, {.origin = "https://api.test", .credential = "red"}).waiting == 0);
}

} // namespace
