#include <backstay/api/api_client.hpp>
#include <backstay/testing/event_recorder.hpp>
#include <backstay/testing/scripted_transport.hpp>
#include <backstay/testing/virtual_world.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

// A test of a service's own retry behaviour: hours of virtual time in milliseconds of real time, and the same
// every time. Any test framework would do; here a failed check ends the program.

using namespace std::chrono_literals;
using Json = boost::json::value;

#define CHECK(condition) ((condition) ? void() : fail(#condition, __LINE__))

[[noreturn]] static void fail(const char* condition, int line) {
    std::printf("line %d: %s is not so\n", line, condition);
    std::exit(1);
}

/// What the service under test wants of the ledger: patience by night, and no second booking.
static backstay::ApiClientOptions ledger_options() {
    backstay::ApiClientOptions options;
    options.base_url = "https://ledger.internal/v1";
    options.pipeline =
        backstay::patient({.total_timeout = 12h, .retry = {.max_attempts = 4, .max_server_wait = 6h}});
    return options;
}

/// A world in which the ledger answers as the test says.
struct Ledger {
    backstay::VirtualWorld world;
    std::shared_ptr<backstay::ScriptedTransport> server =
        std::make_shared<backstay::ScriptedTransport>(world.runtime);
    backstay::EventRecorder events;

    backstay::ApiClient client() {
        auto options = ledger_options();
        options.transport = server;
        options.runtime = &world.runtime;
        options.observer = &events;
        return backstay::ApiClient{world.context.get_executor(), std::move(options)};
    }
};

static void a_maintenance_of_hours_is_waited_out() {
    Ledger ledger;
    backstay::Fields five_hours;
    five_hours.add("Retry-After", "18000");
    ledger.server->reply(503, "", five_hours).reply(200, R"({"data":{"balance":12}})");
    const auto began = ledger.world.now();
    const auto balance = ledger.world.run(ledger.client().get<Json>("/balance"));
    CHECK(balance && balance->at("balance") == 12);
    CHECK(ledger.world.now() - began >= 5h);
    CHECK(ledger.events.count(backstay::EventType::attempt_started) == 2);
}

static void a_booking_whose_fate_is_unknown_is_not_repeated() {
    Ledger ledger;
    const backstay::Failure lost{.kind = backstay::FailureKind::connection_lost,
                                 .reach = backstay::Reach::maybe_processed};
    ledger.server->fail(backstay::TransportError{lost});
    const auto booked = ledger.world.run(ledger.client().post<Json>("/bookings"));
    CHECK(!booked && booked.error().certainty() == backstay::Certainty::unknown);
    CHECK(ledger.server->seen().size() == 1);
}

static void it_gives_up_after_four_attempts() {
    Ledger ledger;
    ledger.server->reply(500).reply(500).reply(500).reply(500);
    const auto balance = ledger.world.run(ledger.client().get<Json>("/balance"));
    CHECK(!balance && balance.error().stop_reason() == backstay::StopReason::attempts_exhausted);
    CHECK(ledger.server->left() == 0);
}

int main() {
    a_maintenance_of_hours_is_waited_out();
    a_booking_whose_fate_is_unknown_is_not_repeated();
    it_gives_up_after_four_attempts();
    std::puts("3 tests passed");
}
