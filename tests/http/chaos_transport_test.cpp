#include <backstay/http/chaos_transport.hpp>

#include "support/catch.hpp"

#include "transport_world.hpp"

#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/testing/scripted_transport.hpp>

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

struct Watch final : Observer {
    std::vector<std::string> told;
    std::vector<Duration> delays;
    void on_event(const Event& event) override {
        CHECK(event.type == EventType::chaos_injected);
        told.emplace_back(event.detail);
        delays.push_back(event.delay);
    }
};

struct ChaosWorld : World {
    std::shared_ptr<ScriptedTransport> inner = std::make_shared<ScriptedTransport>(runtime);
    Random random{1};
    StopSignal stop;
    Watch watch;

    void begin(Exchanged& exchanged, const ChaosTransportOptions& options) {
        transport = std::make_unique<ChaosTransport>(inner, runtime, options);
        exchanged.call.random = &random;
        exchanged.call.stop = &stop;
        exchanged.call.observer = &watch;
        start(exchanged.started, transport->send(exchanged.request, exchanged.call));
    }
    void finish(Exchanged& exchanged, const ChaosTransportOptions& options) {
        begin(exchanged, options);
        run();
    }

    std::unique_ptr<ChaosTransport> transport;
};

} // namespace

TEST_CASE("without a ratio every request goes through, and nothing is told", "[chaos]") {
    ChaosWorld world;
    world.inner->reply(200, "ok", {}, 1s);
    Exchanged exchanged;
    world.finish(exchanged, {});
    CHECK(exchanged.response().body() == "ok");
    CHECK(world.watch.told.empty());
}

TEST_CASE("a connection dropped before sending was never sent", "[chaos]") {
    ChaosWorld world;
    Exchanged exchanged("POST");
    world.finish(exchanged, {.drop_before_ratio = 1});
    CHECK(exchanged.kind() == FailureKind::connection_lost);
    CHECK(exchanged.reach() == Reach::never_sent);
    CHECK(world.inner->seen().empty());
    CHECK(world.watch.told == std::vector<std::string>{"drop_before"});
    CHECK_THAT(exchanged.message(), ContainsSubstring("chaos"));
}

TEST_CASE("a connection dropped after sending: the server did it, and the caller cannot know", "[chaos]") {
    ChaosWorld world;
    world.inner->reply({.status = 201, .body = "made", .exchange = {.remote = "127.0.0.1:1", .reused = true}},
                       1s);
    Exchanged exchanged("POST");
    world.finish(exchanged, {.drop_after_ratio = 1});
    CHECK(world.inner->seen().size() == 1);
    CHECK(exchanged.kind() == FailureKind::connection_lost);
    CHECK(exchanged.reach() == Reach::maybe_processed);
    CHECK(exchanged.outcome().error().detail()->exchange.remote == "127.0.0.1:1");
    CHECK(world.watch.told == std::vector<std::string>{"drop_after"});
}

TEST_CASE("a failure of the network is handed on as it is", "[chaos]") {
    for (const ChaosTransportOptions& options :
         {ChaosTransportOptions{.drop_after_ratio = 1}, {.delay_ratio = 1}}) {
        ChaosWorld world;
        world.inner->fail(TransportError({.kind = FailureKind::connect_failed, .reach = Reach::never_sent}));
        Exchanged exchanged;
        const TimePoint began = world.now();
        world.finish(exchanged, options);
        CHECK(exchanged.kind() == FailureKind::connect_failed);
        CHECK(exchanged.reach() == Reach::never_sent);
        CHECK(world.now() == began);
    }
}

TEST_CASE("a reply that is held back comes later, whole", "[chaos]") {
    ChaosWorld world;
    world.inner->reply(200, "ok", {}, 100ms);
    Exchanged exchanged;
    const TimePoint began = world.now();
    world.finish(exchanged, {.delay_ratio = 1, .delay = 2s});
    CHECK(exchanged.response().body() == "ok");
    CHECK(world.now() - began == 2100ms);
    CHECK(world.watch.delays == std::vector<Duration>{2s});
}

TEST_CASE("a reply that is held back is cut by deadline, stop and cancellation", "[chaos]") {
    const ChaosTransportOptions options{.delay_ratio = 1, .delay = 2h};
    ChaosWorld world;
    world.inner->reply(200).reply(200).reply(200);
    Exchanged late;
    late.call.deadline = {.at = world.now() + 3s, .kind = FailureKind::attempt_timeout};
    const TimePoint began = world.now();
    world.finish(late, options);
    CHECK(late.kind() == FailureKind::attempt_timeout);
    CHECK(late.reach() == Reach::maybe_processed);
    CHECK(world.now() - began == 3s);

    Exchanged canceled;
    world.begin(canceled, options);
    world.run_for(1s);
    canceled.started.cancel.emit(asio::cancellation_type::terminal);
    world.run();
    CHECK(canceled.kind() == FailureKind::canceled);

    Exchanged stopped;
    world.begin(stopped, options);
    world.run_for(1s);
    world.stop.request(FailureKind::client_closed);
    world.run();
    CHECK(stopped.kind() == FailureKind::client_closed);
    CHECK(world.runtime.armed() == 0);
}

TEST_CASE("faults come at their rates, and the same seed breaks the same requests", "[chaos]") {
    const auto play = [](std::uint64_t seed) {
        ChaosWorld world;
        world.random = Random{seed};
        const ChaosTransportOptions options{
            .drop_before_ratio = 0.1, .drop_after_ratio = 0.2, .delay_ratio = 0.3, .delay = 1ms};
        for (int i = 0; i < 1'000; ++i) {
            world.inner->reply(204);
            Exchanged exchanged;
            world.finish(exchanged, options);
        }
        return world.watch.told;
    };
    const auto told = play(7);
    const auto count = [&](const std::string& what) { return std::count(told.begin(), told.end(), what); };
    CHECK(count("drop_before") == Approx(100).margin(40));
    CHECK(count("drop_after") == Approx(200).margin(50));
    CHECK(count("delay") == Approx(300).margin(60));
    CHECK(told == play(7));
    CHECK(told != play(8));
}

TEST_CASE("it is not built in real time unless the risk is acknowledged", "[chaos]") {
    VirtualRuntime simulated;
    const auto inner = std::make_shared<ScriptedTransport>(simulated);
    CHECK_NOTHROW(ChaosTransport(inner, simulated, {}));
    CHECK_NOTHROW(ChaosTransport(inner, asio_runtime(), {.acknowledge_production_risk = true}));
    try {
        ChaosTransport refused(inner, asio_runtime(), {});
        FAIL("it was built");
    } catch (const std::invalid_argument& error) {
        CHECK_THAT(error.what(), ContainsSubstring("acknowledge_production_risk"));
    }
}

TEST_CASE("ratios out of range are refused", "[chaos]") {
    VirtualRuntime runtime;
    const auto inner = std::make_shared<ScriptedTransport>(runtime);
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    for (const ChaosTransportOptions& options :
         {ChaosTransportOptions{.drop_before_ratio = -0.1},
          {.drop_after_ratio = 1.1},
          {.delay_ratio = nan},
          {.drop_before_ratio = 0.5, .drop_after_ratio = 0.4, .delay_ratio = 0.2},
          {.delay = 0s}}) {
        CHECK_THROWS_AS(ChaosTransport(inner, runtime, options), std::invalid_argument);
    }
    CHECK_NOTHROW(ChaosTransport(inner, runtime,
                                 {.drop_before_ratio = 0.7, .drop_after_ratio = 0.1, .delay_ratio = 0.2}));
}

TEST_CASE("it closes what is beneath it", "[chaos]") {
    ChaosWorld world;
    Exchanged exchanged;
    world.transport = std::make_unique<ChaosTransport>(world.inner, world.runtime, ChaosTransportOptions{});
    world.transport->close();
    start(static_cast<World&>(world), exchanged.started,
          world.transport->send(exchanged.request, exchanged.call));
    world.run();
    CHECK(exchanged.kind() == FailureKind::client_closed);
}
