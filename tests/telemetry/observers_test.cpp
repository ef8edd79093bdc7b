#include <backstay/telemetry/observers.hpp>

#include "support/catch.hpp"

#include <backstay/core/call_context.hpp>

#include <stdexcept>
#include <vector>

using namespace backstay;

namespace {

struct Listener final : Observer {
    using Observer::Observer;
    void on_event(const Event& event) override {
        told.push_back(event.type);
        if (throws) {
            throw std::runtime_error("no");
        }
    }
    std::vector<EventType> told;
    bool throws = false;
};

} // namespace

TEST_CASE("each of several observers is told what it wants", "[observers]") {
    Listener ends{EventSet().add(EventType::call_ended)};
    Listener refusals{EventSet().add(EventType::refused).add_texts()};
    Observers both{&ends, &refusals};
    CHECK(both.wants(EventType::call_ended));
    CHECK(both.wants(EventType::refused));
    CHECK(both.wants_texts());
    CHECK_FALSE(both.wants(EventType::attempt_ended));

    CallContext call{.observer = &both};
    for (const EventType type : {EventType::refused, EventType::attempt_ended, EventType::call_ended}) {
        call.notify({.type = type});
    }
    CHECK(ends.told == std::vector{EventType::call_ended});
    CHECK(refusals.told == std::vector{EventType::refused});
}

TEST_CASE("an observer that throws does not keep the next from being told, and counts it itself",
          "[observers]") {
    Listener first;
    Listener second;
    first.throws = true;
    Observers both{&first, nullptr, &second};
    both.notify({.type = EventType::refused});
    CHECK(second.told.size() == 1);
    CHECK(first.dropped() == 1);
    CHECK(second.dropped() == 0);
    CHECK(both.dropped() == 0);
}

TEST_CASE("no observers want nothing", "[observers]") {
    Observers none{};
    CHECK_FALSE(none.wants(EventType::call_ended));
    CHECK_FALSE(none.wants_texts());
}
