#include <backstay/core/event.hpp>

#include "support/catch.hpp"

#include <backstay/core/call_context.hpp>

#include <stdexcept>
#include <vector>

using namespace backstay;

namespace {

class Listener final : public Observer {
public:
    using Observer::Observer;
    std::vector<EventType> told;

protected:
    void on_event(const Event& event) override { told.push_back(event.type); }
};

} // namespace

TEST_CASE("every event type has a name of its own", "[event]") {
    CHECK(to_string(EventType::attempt_started) == "attempt_started");
    CHECK(to_string(EventType::chaos_injected) == "chaos_injected");
    CHECK(to_string(EventType::call_ended) == "call_ended");
}

TEST_CASE("an observer is told of what it wants and of nothing else", "[event]") {
    Listener all;
    Listener some{EventSet().add(EventType::refused).add(EventType::call_ended)};
    for (Listener* listener : {&all, &some}) {
        CallContext call;
        call.observer = listener;
        for (const EventType type : {EventType::attempt_started, EventType::refused, EventType::call_ended}) {
            CHECK(call.observed(type) == listener->wants(type));
            call.notify({.type = type});
        }
    }
    CHECK(all.told == std::vector{EventType::attempt_started, EventType::refused, EventType::call_ended});
    CHECK(some.told == std::vector{EventType::refused, EventType::call_ended});
}

TEST_CASE("a context without an observer observes nothing", "[event]") {
    const CallContext call;
    CHECK_FALSE(call.observed(EventType::call_ended));
    call.notify({.type = EventType::call_ended});
}

TEST_CASE("an event is given the context's time, origin, operation and attempt", "[event]") {
    class Keeper final : public Observer {
    public:
        Event kept;

    protected:
        void on_event(const Event& event) override { kept = event; }
    } keeper;
    CallContext call{.now = TimePoint{std::chrono::seconds{5}}, .attempt = 2, .observer = &keeper};
    call.key.origin = "https://a:443";
    call.key.operation = "get order";
    call.notify({.type = EventType::refused});
    CHECK(keeper.kept.at == call.now);
    CHECK(keeper.kept.attempt == 2);
    CHECK(keeper.kept.origin == "https://a:443");
    CHECK(keeper.kept.operation == "get order");
}

TEST_CASE("a set of events knows whether the costly texts are wanted, and sets add up", "[event]") {
    EventSet set = EventSet().add(EventType::refused);
    CHECK_FALSE(set.has_texts());
    set.add(EventSet().add(EventType::call_ended).add_texts());
    CHECK(set.has_texts());
    CHECK(set.has(EventType::refused));
    CHECK(set.has(EventType::call_ended));
    CHECK_FALSE(set.has(EventType::attempt_ended));
    CHECK(EventSet::all().has_texts());
    CHECK(Listener().wants_texts());
    CHECK_FALSE(Listener(EventSet().add(EventType::call_ended)).wants_texts());
}

TEST_CASE("an observer that throws is ignored and counted", "[event]") {
    struct Throwing final : Observer {
        void on_event(const Event& event) override {
            if (event.type == EventType::refused) {
                throw std::runtime_error("no");
            }
        }
    } throwing;
    CallContext call;
    call.observer = &throwing;
    call.notify({.type = EventType::refused});
    call.notify({.type = EventType::call_ended});
    call.notify({.type = EventType::refused});
    CHECK(throwing.dropped() == 2);
}
