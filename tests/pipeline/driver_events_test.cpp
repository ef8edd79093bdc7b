#include <backstay/pipeline/pipeline.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"
#include "support/probe_policy.hpp"

#include <string>
#include <vector>

// What an observer is told of a call, beyond what driver_test says.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

/// Keeps events, and copies of the texts in them.
struct Listener final : Observer {
    using Observer::Observer;
    void on_event(const Event& event) override {
        events.push_back(event);
        texts.push_back(std::string(event.remote) + "|" + std::string(event.request_id) + "|" +
                        std::string(event.trace_id));
    }
    std::vector<Event> events;
    std::vector<std::string> texts;
};

/// An operation that notes what it knows, and fails the first time.
struct Noting {
    Runtime* runtime;
    asio::awaitable<R> operator()(CallContext& call) {
        co_await nap(*runtime, 1s);
        if (call.notes != nullptr && call.attempt < 3) {
            call.notes->attempt = {
                .status = 201, .first_byte_time = 7ms, .remote = "192.0.2.1:443", .request_id = "r1"};
        }
        if (call.attempt == 1) {
            co_return fail(Failure{.kind = FailureKind::server_error, .status = 500});
        }
        co_return 1;
    }
};

ProbePolicy repeating() {
    ProbePolicy policy{"retry"};
    policy->on_settle = [](CallContext& call, const Failure*) {
        return call.attempt < 3 ? Verdict::again_at(call.now + 5s) : Verdict::pass();
    };
    return policy;
}

TEST_CASE("an attempt is told with what its operation noted of it, once", "[driver][events]") {
    World world;
    Listener listener{EventSet().add(EventType::attempt_ended)};
    CallNotes notes{.trace_id = "0af7651916cd43dd8448eb211c80319c"};
    CallSettings settings;
    settings.observer = &listener;
    settings.notes = &notes;
    const Pipeline pipeline{repeating()};
    CHECK(run(world, pipeline.run(world.runtime, settings, Noting{&world.runtime})) == 1);
    REQUIRE(listener.events.size() == 3);
    CHECK(listener.events[0].status == 500); // what the failure says
    CHECK(listener.events[1].status == 201); // what the note says, as a success has no failure
    CHECK(listener.events[1].first_byte_time == 7ms);
    CHECK(listener.events[1].duration == 1s);
    CHECK(listener.events[2].status == 0); // nothing was noted of this one
    CHECK(listener.texts == std::vector<std::string>{"192.0.2.1:443|r1|0af7651916cd43dd8448eb211c80319c",
                                                     "192.0.2.1:443|r1|0af7651916cd43dd8448eb211c80319c",
                                                     "||0af7651916cd43dd8448eb211c80319c"});
}

TEST_CASE("a call without notes is told with what the driver knows", "[driver][events]") {
    World world;
    Listener listener{EventSet().add(EventType::attempt_ended).add(EventType::call_ended)};
    CallSettings settings;
    settings.observer = &listener;
    const Pipeline pipeline{repeating()};
    CHECK(run(world, pipeline.run(world.runtime, settings, Noting{&world.runtime})) == 1);
    REQUIRE(listener.events.size() == 4);
    CHECK(listener.texts.back() == "||");
}

TEST_CASE("the end of a call says how long its stages let it wait, waits between attempts not counted",
          "[driver][events]") {
    World world;
    Listener listener{EventSet().add(EventType::call_ended)};
    CallSettings settings;
    settings.observer = &listener;
    ProbePolicy gate{"gate"};
    TimePoint open_at = world.now() + 3s;
    gate->on_admit = [&open_at](CallContext& call) {
        return call.now >= open_at ? Admission::proceed() : Admission::wait(open_at);
    };
    gate->on_settle = [&open_at](CallContext& call, const Failure*) {
        open_at = call.now + 5s + 2s; // what comes back after its 5 s waits for 2 s more
        return Verdict::pass();
    };
    const Pipeline pipeline{repeating(), gate};
    CHECK(run(world, pipeline.run(world.runtime, settings, Noting{&world.runtime})) == 1);
    REQUIRE(listener.events.size() == 1);
    CHECK(listener.events[0].queued == 3s + 2s + 2s);
    CHECK(listener.events[0].duration == 3s + 3 * 1s + 2 * (5s + 2s));
}

TEST_CASE("a call that its deadline ends in a queue says how long it stood there", "[driver][events]") {
    World world;
    Listener listener{EventSet().add(EventType::call_ended)};
    CallSettings settings;
    settings.observer = &listener;
    settings.deadline.at = world.now() + 2s;
    ProbePolicy gate{"gate"};
    gate->on_admit = [](CallContext&) { return Admission::wait(); };
    const Pipeline pipeline{gate};
    CHECK_FALSE(run(world, pipeline.run(world.runtime, settings, Noting{&world.runtime})));
    REQUIRE(listener.events.size() == 1);
    CHECK(listener.events[0].kind == FailureKind::deadline_exceeded);
    CHECK(listener.events[0].queued == 2s);
}

TEST_CASE("a caller that tells the end itself finds the driver's record in its notes", "[driver][events]") {
    World world;
    Listener listener{EventSet().add(EventType::call_ended)};
    CallNotes notes;
    CallSettings settings;
    settings.observer = &listener;
    settings.notes = &notes;
    settings.tell_end = false;
    settings.deadline.at = world.now() + 60s;
    const auto resending = [](CallContext& call) -> asio::awaitable<R> {
        call.resends += 1;
        co_return fail(Failure{.kind = FailureKind::connection_lost});
    };
    const Pipeline pipeline{repeating()};
    CHECK_FALSE(run(world, pipeline.run(world.runtime, settings, resending)));
    CHECK(listener.events.empty());
    CHECK(notes.end.type == EventType::call_ended);
    CHECK(notes.end.kind == FailureKind::connection_lost);
    CHECK(notes.end.attempt == 3);
    CHECK(notes.end.resends == 3);
    CHECK(notes.end.at == world.now());
    CHECK(notes.end.duration == 10s);
    CHECK(notes.end.delay == 50s);
}

TEST_CASE("nobody who wants to know of a call's end: its record is not made", "[driver][events]") {
    World world;
    Listener listener{EventSet().add(EventType::attempt_ended)};
    CallNotes notes;
    CallSettings settings;
    settings.observer = &listener;
    settings.notes = &notes;
    settings.tell_end = false;
    const Pipeline pipeline{repeating()};
    CHECK(run(world, pipeline.run(world.runtime, settings, Noting{&world.runtime})));
    CHECK(notes.end.attempt == 0);
}

} // namespace
