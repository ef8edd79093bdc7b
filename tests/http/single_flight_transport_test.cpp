#include <backstay/http/single_flight_transport.hpp>

#include "support/catch.hpp"

#include "single_flight_world.hpp"

#include <deque>
#include <optional>
#include <stdexcept>

using namespace backstay;
using namespace backstay::test;

namespace {

/// Begins a GET like all others, unless it is changed first.
template <class Change>
std::size_t exchanges_with(Change change) {
    FlightWorld world;
    Exchanged one;
    Exchanged other;
    one.request.fields.add("Accept", "application/json");
    other.request.fields.add("Accept", "application/json");
    change(other);
    world.begin(one);
    world.begin(other);
    world.run();
    CHECK(one.ok());
    CHECK(other.ok());
    CHECK(one.response().exchange().shared == (world.inner->seen.size() == 1));
    return world.inner->seen.size();
}

Request to(std::string method, const std::string& url) {
    Request request(std::move(method), *Url::parse(url));
    request.fields.add("Accept", "application/json");
    request.safe_to_repeat = true;
    return request;
}

} // namespace

TEST_CASE("identical GETs in flight share one exchange, and each gets its reply", "[single_flight]") {
    FlightWorld world;
    std::deque<Exchanged> callers(20);
    for (auto& caller : callers) {
        world.begin(caller);
        world.run_for(1ms);
    }
    CHECK(world.transport.in_flight() == 1);
    world.run();
    CHECK(world.inner->seen.size() == 1);
    for (const auto& caller : callers) {
        REQUIRE(caller.ok());
        CHECK(caller.response().body() == "1");
        CHECK(caller.response().exchange().shared);
    }
    CHECK(world.transport.in_flight() == 0);
}

TEST_CASE("a request that is alone shares nothing, nor does one that comes later", "[single_flight]") {
    FlightWorld world;
    for (const auto* const body : {"1", "2"}) {
        Exchanged exchanged;
        CHECK(world.finish(exchanged).response().body() == body);
        CHECK_FALSE(exchanged.response().exchange().shared);
    }
}

TEST_CASE("requests that differ in anything are not the same", "[single_flight]") {
    CHECK(exchanges_with([](Exchanged&) {}) == 1);
    CHECK(exchanges_with([](Exchanged& e) { e.request = to("HEAD", "https://ledger.test/v1/orders"); }) == 2);
    CHECK(exchanges_with([](Exchanged& e) { e.request = to("GET", "https://ledger.test/v1/orders?a=1"); }) ==
          2);
    CHECK(exchanges_with([](Exchanged& e) { e.request = to("GET", "https://other.test/v1/orders"); }) == 2);
    CHECK(exchanges_with([](Exchanged& e) { e.request = to("GET", "https://ledger.test:8443/v1/orders"); }) ==
          2);
    CHECK(exchanges_with([](Exchanged& e) { e.request.fields.add("X", "1"); }) == 2);
    CHECK(exchanges_with([](Exchanged& e) { e.request.fields.set("Accept", "text/html"); }) == 2);
    CHECK(exchanges_with([](Exchanged& e) { e.request.max_body_bytes = 10; }) == 2);
}

TEST_CASE("requests that accept different sizes of a reply are not the same", "[single_flight]") {
    FlightWorld world;
    Exchanged one;
    Exchanged other;
    one.request.max_body_bytes = 10;
    other.request.max_body_bytes = 20;
    world.begin(one);
    world.begin(other);
    world.run();
    CHECK(world.inner->seen.size() == 2);
}

TEST_CASE("requests with different credentials never share a reply", "[single_flight]") {
    const auto authorized = [](const char* token) {
        return [token](Exchanged& e) { e.request.fields.add("Authorization", token); };
    };
    CHECK(exchanges_with(authorized("Bearer a")) == 2); // the other has none
    FlightWorld world;
    Exchanged one;
    Exchanged other;
    one.request.fields.add("Authorization", "Bearer a");
    other.request.fields.add("Authorization", "Bearer b");
    world.begin(one);
    world.begin(other);
    world.run();
    CHECK(one.response().body() != other.response().body());
    CHECK_THROWS_AS(SingleFlightTransport(world.inner, world.runtime, {.ignored_fields = {"authorization"}}),
                    std::invalid_argument);
}

TEST_CASE("fields that are ignored may differ, and the first caller's are sent", "[single_flight]") {
    CHECK(exchanges_with([](Exchanged& e) { e.request.fields.add("Traceparent", "00-2"); }) == 1);
}

TEST_CASE("what changes something, has a body, or must be fresh goes alone", "[single_flight]") {
    for (const auto* const method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
        FlightWorld world;
        Exchanged one(method);
        Exchanged other(method);
        world.begin(one);
        world.begin(other);
        world.run();
        CHECK(world.inner->seen.size() == 2);
    }
    for (const auto* const directive : {"no-cache", "max-age=0, No-Store"}) {
        FlightWorld world;
        Exchanged one;
        Exchanged other;
        one.request.fields.add("Cache-Control", directive);
        other.request.fields.add("Cache-Control", directive);
        world.begin(one);
        world.begin(other);
        world.run();
        CHECK(world.inner->seen.size() == 2);
    }
    CHECK(exchanges_with([](Exchanged& e) { e.request.body = "{}"; }) == 2);
}

TEST_CASE("a failure is shared too", "[single_flight]") {
    FlightWorld world;
    world.inner->fails = [](int) { return true; };
    Exchanged one;
    Exchanged other;
    world.begin(one);
    world.begin(other);
    world.run();
    for (const auto* const caller : {&one, &other}) {
        CHECK(caller->kind() == FailureKind::connection_lost);
        CHECK(caller->message() == "1");
        CHECK(caller->outcome().error().detail()->exchange.shared);
    }
}

TEST_CASE("what the transport beneath throws fails those who share it, as a value", "[single_flight]") {
    FlightWorld world;
    world.inner->on_sent = [](CallContext&) { throw std::runtime_error("no"); };
    Exchanged one;
    Exchanged other;
    world.begin(one);
    world.begin(other);
    world.run();
    CHECK(one.kind() == FailureKind::exception);
    CHECK(other.kind() == FailureKind::exception);
    CHECK(world.transport.in_flight() == 0);
}

TEST_CASE("each caller keeps its own deadline, the first one too", "[single_flight]") {
    FlightWorld world;
    Exchanged first;
    Exchanged second;
    Exchanged patient;
    world.limit(first, 10ms);
    world.limit(second, 20ms);
    world.begin(first);
    world.begin(second);
    world.begin(patient);
    world.run_for(10ms);
    CHECK(first.kind() == FailureKind::attempt_timeout);
    CHECK(first.reach() == Reach::maybe_processed);
    CHECK_FALSE(second.ended());
    world.run_for(10ms);
    CHECK(second.kind() == FailureKind::attempt_timeout);
    world.run();
    CHECK(patient.response().body() == "1");
    CHECK(world.inner->seen.size() == 1);
    CHECK(world.inner->stopped == 0);
}

TEST_CASE("a cancelled or stopped caller leaves alone, the first one too", "[single_flight]") {
    FlightWorld world;
    StopSignal stop;
    Exchanged first;
    Exchanged second;
    Exchanged patient;
    second.call.stop = &stop;
    world.begin(first);
    world.begin(second);
    world.begin(patient);
    world.run_for(10ms);
    world.cancel(first);
    stop.request(FailureKind::client_closed);
    world.run_for(1ms);
    CHECK(first.kind() == FailureKind::canceled);
    CHECK(second.kind() == FailureKind::client_closed);
    Exchanged late; // a cancel says nothing about the exchange: it can still be joined
    world.begin(late);
    world.run();
    CHECK(patient.response().body() == "1");
    CHECK(late.response().body() == "1");
}

TEST_CASE("the exchange is stopped when the last caller has left", "[single_flight]") {
    FlightWorld world;
    world.inner->time = [](int) { return Duration{1h}; };
    Exchanged first;
    Exchanged second;
    world.begin(first);
    world.begin(second);
    world.run_for(1ms);
    world.cancel(first);
    world.run_for(1ms);
    CHECK(world.inner->live == 1);
    world.cancel(second);
    world.run_for(1ms);
    CHECK(world.inner->live == 0);
    CHECK(world.inner->stopped == 1);
    CHECK(world.transport.in_flight() == 0);
    CHECK(world.runtime.armed() == 0);
}

TEST_CASE("a request that comes while the last one's exchange is being stopped begins its own",
          "[single_flight]") {
    FlightWorld world;
    Exchanged first;
    Exchanged second;
    world.begin(first);
    world.run_for(1ms);
    world.cancel(first);
    world.begin(second);
    world.run();
    CHECK(second.response().body() == "2");
    CHECK(world.inner->stopped == 1);
}

TEST_CASE("an exchange that outlasted a caller takes no new ones: a hung one does not hold all who come",
          "[single_flight]") {
    FlightWorld world;
    world.inner->time = [](int number) { return number == 1 ? Duration{1h} : Duration{100ms}; };
    Exchanged patient;
    world.begin(patient);
    Exchanged attempt;
    world.limit(attempt, 8s);
    world.begin(attempt);
    world.run_for(9s);
    CHECK(attempt.kind() == FailureKind::attempt_timeout);
    Exchanged repeat; // what a retry does
    world.limit(repeat, 8s);
    world.begin(repeat);
    Exchanged other;
    world.begin(other);
    world.run_for(1s);
    CHECK(repeat.response().body() == "2");
    CHECK(other.response().body() == "2");
    CHECK_FALSE(patient.ended());
    world.run();
    CHECK(patient.response().body() == "1");
}

TEST_CASE("a call that may not begin any more sends nothing", "[single_flight]") {
    FlightWorld world;
    Exchanged late;
    world.limit(late, 0ms);
    StopSignal stop;
    stop.request(FailureKind::client_closed);
    Exchanged stopped;
    stopped.call.stop = &stop;
    CHECK(world.finish(late).kind() == FailureKind::attempt_timeout);
    CHECK(late.reach() == Reach::never_sent);
    CHECK(world.finish(stopped).kind() == FailureKind::client_closed);
    CHECK(world.inner->seen.empty());
}

TEST_CASE("a closed transport lets nobody join", "[single_flight]") {
    FlightWorld world;
    Exchanged first;
    world.begin(first);
    world.run_for(1ms);
    world.transport.close();
    Exchanged second;
    world.finish(second);
    CHECK(second.kind() == FailureKind::client_closed);
    CHECK(first.response().body() == "1");
}

TEST_CASE("the first caller sees the exchange's events until it leaves", "[single_flight]") {
    struct Watch final : Observer {
        std::vector<std::string> told;
        void on_event(const Event& event) override {
            told.push_back(std::string{to_string(event.type)} + " " + std::string{event.operation});
        }
    } watch;
    FlightWorld world;
    world.inner->on_sent = [](CallContext& call) {
        ++call.resends;
        call.notify({.type = EventType::connection_stale});
    };
    Exchanged first;
    Exchanged second;
    auto label = std::make_unique<std::string>("get order");
    first.call.key.operation = *label;
    first.call.observer = &watch;
    world.begin(first);
    world.begin(second);
    world.run();
    CHECK(watch.told == std::vector<std::string>{"connection_stale get order"});
    CHECK(first.call.resends == 1);
    CHECK(second.call.resends == 0);

    auto leaver = std::make_unique<Exchanged>();
    leaver->call.key.operation = *label;
    leaver->call.observer = &watch;
    Exchanged stays;
    world.begin(*leaver);
    world.begin(stays);
    world.run_for(1ms);
    world.cancel(*leaver);
    world.run_for(1ms);
    leaver.reset();
    label.reset(); // its key and its observer are not asked again
    world.run();
    CHECK(stays.ok());
    CHECK(watch.told.size() == 1);
}
