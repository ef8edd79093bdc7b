#include <backstay/http/single_flight_transport.hpp>

#include "support/catch.hpp"
#include "support/event_recorder.hpp"

#include "single_flight_world.hpp"

#include <asio/detached.hpp>

#include <deque>
#include <iostream>
#include <memory>

// Callers that are cancelled at any suspension, and contexts that go while others wait.

using namespace backstay;
using namespace backstay::test;

namespace {

/// Three callers that come one after the other.
struct Scene : FlightWorld {
    std::deque<Exchanged> callers{3};
    std::size_t begun = 0;

    /// Begins the next caller, or runs one handler, or fires one timer; false when nothing is left.
    bool step() {
        if (begun < callers.size()) {
            FlightWorld::begin(callers[begun++]);
            return true;
        }
        context.restart();
        return context.poll_one() != 0 || runtime.run_next(context);
    }
};

/// Cancels one caller before the k-th step; true when it had ended before.
bool cancel_before_step(std::size_t who, int k, int& canceled) {
    Scene scene;
    for (int step = 0; step < k; ++step) {
        if (!scene.step()) {
            return true;
        }
    }
    Exchanged& caller = scene.callers[who];
    if (caller.ended()) {
        return true;
    }
    scene.cancel(caller);
    while (scene.step()) {
    }
    REQUIRE(caller.ended());
    if (!caller.ok()) {
        CHECK(caller.kind() == FailureKind::canceled);
        ++canceled;
    }
    for (const auto& other : scene.callers) {
        CHECK((&other == &caller || other.ok()));
    }
    CHECK(scene.transport.in_flight() == 0);
    CHECK(scene.inner->live == 0);
    CHECK(scene.runtime.armed() == 0);
    return false;
}

/// A context whose handlers run one at a time.
struct Steps {
    static void run(asio::io_context& context, int handlers) {
        for (int i = 0; i < handlers; ++i) {
            context.restart();
            (void)context.poll_one();
        }
    }
};

} // namespace

TEST_CASE("a caller cancelled at any suspension ends as canceled, and the others get the reply",
          "[single_flight][cancel]") {
    int all = 0;
    int canceled = 0;
    for (std::size_t who = 0; who < 3; ++who) {
        int k = 4; // all have begun, and the first handler has run: before it `co_spawn` itself throws
        while (!cancel_before_step(who, k, canceled)) {
            ++k;
            ++all;
        }
    }
    std::cout << "single_flight: cancelled before each of " << all << " handlers, " << canceled
              << " ended as canceled\n";
    CHECK(all > 15);
    CHECK(canceled >= 6); // once the exchange has ended, its outcome stands
}

TEST_CASE("a context destroyed at any suspension leaves nothing behind", "[single_flight]") {
    for (int steps = 0;; ++steps) {
        auto world = std::make_unique<FlightWorld>();
        std::deque<Exchanged> callers(3);
        for (auto& caller : callers) {
            asio::co_spawn(world->context, world->transport.send(caller.request, caller.call),
                           asio::detached);
        }
        bool more = true;
        for (int i = 0; i < steps && more; ++i) {
            world->context.restart();
            more = world->context.poll_one() != 0 || world->runtime.run_next(world->context);
        }
        const std::weak_ptr<NumberingTransport> inner = world->inner;
        world.reset();
        CHECK(inner.expired());
        if (!more) {
            CHECK(steps > 8);
            return;
        }
    }
}

TEST_CASE("when the first caller's context goes, one of the others begins anew", "[single_flight]") {
    for (int handlers = 0; handlers < 6; ++handlers) {
        FlightWorld world;
        Exchanged gone;
        std::deque<Exchanged> stay(3);
        {
            asio::io_context other;
            asio::co_spawn(other, world.transport.send(gone.request, gone.call), asio::detached);
            Steps::run(other, handlers);
            for (auto& caller : stay) {
                world.begin(caller);
            }
            world.run_for(10ms);
        }
        CHECK(world.inner->live <= 1);
        world.run();
        for (const auto& caller : stay) {
            REQUIRE(caller.ok());
            CHECK(caller.response().body() == std::to_string(world.inner->seen.size()));
        }
        CHECK(world.inner->seen.size() <= 2);
        CHECK(world.transport.in_flight() == 0);
        CHECK(world.inner->live == 0);
    }
}

TEST_CASE("a call whose time is up when its exchange is lost does not begin another", "[single_flight]") {
    FlightWorld world;
    Exchanged gone;
    Exchanged stays;
    {
        asio::io_context other;
        asio::co_spawn(other, world.transport.send(gone.request, gone.call), asio::detached);
        other.poll();
        world.limit(stays, 10ms);
        world.begin(stays);
        world.run_for(1ms);
        world.runtime.advance(1h); // its own timer has not fired yet
    }
    world.run();
    CHECK(stays.kind() == FailureKind::attempt_timeout);
    CHECK(world.inner->live == 0);
}

TEST_CASE("when a joined caller's context goes, the exchange goes on for the first", "[single_flight]") {
    FlightWorld world;
    Exchanged first;
    Exchanged gone;
    world.begin(first);
    world.run_for(1ms);
    {
        asio::io_context other;
        asio::co_spawn(other, world.transport.send(gone.request, gone.call), asio::detached);
        other.poll();
    }
    world.run();
    CHECK(first.response().body() == "1");
    CHECK(world.inner->stopped == 0);
}

TEST_CASE("when the context of the last caller goes, the exchange is stopped on its own", "[single_flight]") {
    FlightWorld world;
    world.inner->time = [](int) { return Duration{1h}; };
    Exchanged first;
    Exchanged gone;
    world.begin(first);
    world.run_for(1ms);
    {
        asio::io_context other;
        asio::co_spawn(other, world.transport.send(gone.request, gone.call), asio::detached);
        other.poll();
        world.cancel(first);
        world.run_for(1ms);
        CHECK(first.kind() == FailureKind::canceled);
        CHECK(world.inner->live == 1);
    }
    const TimePoint then = world.now();
    world.run();
    CHECK(world.inner->live == 0);
    CHECK(world.inner->stopped == 1);
    CHECK(world.now() == then);
}

TEST_CASE("an exchange that goes on after its first caller has gone holds nothing of that caller",
          "[single_flight]") {
    FlightWorld world;
    EventRecorder events;
    world.inner->on_sent = [](CallContext& call) { call.notify({.type = EventType::connection_closed}); };
    const Injection injected{};
    Exchanged joined;
    const CallNotes* notes_of_first = nullptr;
    world.inner->on_begun = [&](CallContext& call) {
        CHECK(call.notes != notes_of_first);
        CHECK(call.injection == nullptr);
    };
    auto first = std::make_unique<Exchanged>();
    auto notes = std::make_unique<CallNotes>();
    notes->trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    notes_of_first = notes.get();
    first->call.notes = notes.get();
    first->call.injection = &injected;
    first->call.observer = &events;
    world.begin(*first);
    world.begin(joined);
    world.run_for(1ms);
    world.cancel(*first);
    world.run_for(1ms);
    REQUIRE(first->kind() == FailureKind::canceled);
    first.reset();
    notes.reset();
    world.run();
    CHECK(joined.ok());
    CHECK(world.inner->seen.size() == 1);
    CHECK(events.events.empty());
}

TEST_CASE("while its first caller is there, an exchange's events carry that caller's trace",
          "[single_flight]") {
    FlightWorld world;
    EventRecorder events;
    world.inner->on_sent = [](CallContext& call) { call.notify({.type = EventType::connection_closed}); };
    CallNotes notes{.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"};
    Exchanged first;
    first.call.notes = &notes;
    first.call.observer = &events;
    world.finish(first);
    REQUIRE(events.events.size() == 1);
    CHECK(events.events[0].trace_id == notes.trace_id);
}
