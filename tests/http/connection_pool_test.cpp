#include "http/connection_pool.hpp"

#include "http/system_error.hpp"
#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <asio/detached.hpp>

#include <sys/resource.h>

#include <map>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// Has no descriptor for the first `refusals` connections after the first one.
class Exhausted final : public Connector {
public:
    Exhausted(std::vector<std::shared_ptr<MemoryScript>> scripts, int refusals)
        : memory_(std::move(scripts)), refusals_(refusals) {}

    asio::awaitable<ConnectResult> connect(const Origin& origin, Watchdog& watchdog,
                                           ConnectTimes& times) override {
        ++asked;
        if (memory_.made() > 0 && refusals_-- > 0) {
            co_return fail(
                StepFault{FailureKind::resource_exhausted, asio::error::no_descriptors, "none left"});
        }
        co_return co_await memory_.connect(origin, watchdog, times);
    }

    int asked = 0;

private:
    MemoryConnector memory_;
    int refusals_;
};

/// Keeps what a source gives.
struct Readings final : MetricSink {
    void gauge(const MetricInfo& what, MetricLabels labels, double value) override {
        std::string line{what.name};
        for (const MetricLabel& label : labels) {
            line += " " + label.name + "=" + label.value;
        }
        values[line] = value;
    }
    void counter(const MetricInfo& what, MetricLabels labels, double value) override {
        gauge(what, std::move(labels), value);
    }
    std::map<std::string, double> values;
};

/// Takes its time to connect.
class Slow final : public Connector {
public:
    Slow(std::vector<std::shared_ptr<MemoryScript>> scripts, VirtualRuntime& runtime)
        : memory_(std::move(scripts)), runtime_(runtime) {}

    asio::awaitable<ConnectResult> connect(const Origin& origin, Watchdog& watchdog,
                                           ConnectTimes& times) override {
        runtime_.advance(takes);
        return memory_.connect(origin, watchdog, times);
    }

    Duration takes{0};

private:
    MemoryConnector memory_;
    VirtualRuntime& runtime_;
};

} // namespace

TEST_CASE("without descriptors one idle connection is given up, and it is tried once more",
          "[http][connection_pool]") {
    const int refusals = GENERATE(1, 2);
    MemoryWorld world(2);
    auto made = std::make_unique<Exhausted>(world.scripts, refusals);
    Exhausted& connector = *made;
    world.transport = std::make_unique<HttpsTransport>(HttpsOptions(), world.runtime, std::move(made));
    for (auto& script : world.scripts) {
        script->replies.push_back(reply({good_reply}));
    }
    Exchanged idle;
    REQUIRE(world.finish(idle).ok());
    Exchanged elsewhere("GET", "https://other.test/");
    world.finish(elsewhere);
    CHECK(world.scripts[0]->closed);
    CHECK(connector.asked == 3);
    if (refusals == 1) {
        CHECK(elsewhere.ok());
    } else {
        CHECK(elsewhere.kind() == FailureKind::resource_exhausted);
        CHECK(elsewhere.reach() == Reach::never_sent);
    }
}

TEST_CASE("without descriptors and idle connections there is no second try", "[http][connection_pool]") {
    MemoryWorld world(1);
    auto made = std::make_unique<Exhausted>(world.scripts, 5);
    Exhausted& connector = *made;
    world.transport = std::make_unique<HttpsTransport>(HttpsOptions(), world.runtime, std::move(made));
    Exchanged busy;
    world.begin(busy);
    Exchanged next;
    CHECK(world.finish(next).kind() == FailureKind::resource_exhausted);
    CHECK(connector.asked == 2);
}

TEST_CASE("a socket that cannot be had is known for what it is", "[http][connection_pool]") {
    asio::io_context context;
    std::error_code error;
    const auto connect = [&context, &error] {
        const auto dialing = std::make_shared<Dialing>();
        const asio::ip::tcp::endpoint nobody(asio::ip::address_v4::loopback(), 9);
        const auto stream = TcpDialer().dial(context.get_executor(), nobody, dialing);
        context.restart();
        context.run();
        error = dialing->ended.value();
    };
    connect(); // so that the context, and a sanitizer that looks at the stream, have what descriptors they
               // need
    CHECK(standard_code(error) == std::errc::connection_refused);

    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    connect();
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(no_descriptor(error));
    CHECK(standard_code(error) == std::errc::too_many_files_open);
}

TEST_CASE("beyond the limit of idle connections the one unused for the longest is closed, whoever's it is",
          "[http][connection_pool]") {
    HttpsOptions options;
    options.max_idle_connections = 2;
    MemoryWorld world(3, options);
    for (auto& script : world.scripts) {
        script->replies.assign(2, reply({good_reply}));
    }
    const auto call = [&world](const char* host) {
        Exchanged exchanged("GET", host);
        REQUIRE(world.finish(exchanged).ok());
    };
    call("https://one.test/");
    call("https://two.test/");
    call("https://one.test/"); // so that the second is the oldest now
    call("https://three.test/");
    CHECK_FALSE(world.scripts[0]->closed);
    CHECK(world.scripts[1]->closed);
    CHECK(world.scripts[1]->said_goodbye);
    CHECK_FALSE(world.scripts[2]->closed);
}

TEST_CASE("without room for idle connections each is closed after its exchange", "[http][connection_pool]") {
    HttpsOptions options;
    options.max_idle_connections = 0;
    MemoryWorld world(1, options);
    world.scripts[0]->replies.push_back(reply({good_reply}));
    Exchanged call;
    REQUIRE(world.finish(call).ok());
    CHECK(world.scripts[0]->closed);
}

TEST_CASE("expired connections of quiet origins do not keep a busy one from being kept alive",
          "[http][connection_pool]") {
    HttpsOptions options;
    options.max_idle_connections = 2;
    options.idle_for = 50ms;
    MemoryWorld world(3, options);
    for (auto& script : world.scripts) {
        script->replies.assign(4, reply({good_reply}));
    }
    for (const char* const host : {"https://quiet.test/", "https://silent.test/"}) {
        Exchanged call("GET", host);
        REQUIRE(world.finish(call).ok());
    }
    world.runtime.advance(300ms);
    for (int i = 0; i < 4; ++i) {
        Exchanged call("GET", "https://busy.test/");
        REQUIRE(world.finish(call).ok());
        CHECK(call.response().exchange().reused == (i > 0));
    }
}

TEST_CASE("expired connections of all origins are closed when any is asked for or returned, once a second",
          "[http][connection_pool]") {
    HttpsOptions options;
    options.idle_for = 50ms;
    MemoryWorld world(2, options);
    auto made = std::make_unique<Slow>(world.scripts, world.runtime);
    Slow& connector = *made;
    world.transport = std::make_unique<HttpsTransport>(options, world.runtime, std::move(made));
    world.scripts[0]->replies.push_back(reply({good_reply}));
    Exchanged quiet("GET", "https://quiet.test/");
    REQUIRE(world.finish(quiet).ok());
    Exchanged busy("GET", "https://busy.test/"); // whose server never answers, unless it is said below

    SECTION("asked for") {
        world.runtime.advance(1s);
        world.finish(busy);
        CHECK(world.scripts[0]->closed);
        CHECK(world.scripts[0]->said_goodbye);
    }
    SECTION("not again within the second") {
        world.runtime.advance(999ms);
        world.finish(busy);
        CHECK_FALSE(world.scripts[0]->closed);
    }
    SECTION("returned") {
        world.scripts[1]->replies.push_back(reply({good_reply}));
        connector.takes = 1s;
        REQUIRE(world.finish(busy).ok());
        CHECK(world.scripts[0]->closed);
    }
}

TEST_CASE("a place that was granted to a call that is gone is given to the next", "[http][connection_pool]") {
    HttpsOptions options;
    options.max_connections_per_origin = 1;
    MemoryWorld world(3, options);
    world.scripts[1]->replies.push_back(reply({good_reply}));
    StopSignal stop;
    Exchanged holder;
    holder.call.stop = &stop;
    Exchanged granted;
    Exchanged next;
    world.begin(holder);
    world.begin(granted);
    world.begin(next);
    world.run();
    stop.request(
        FailureKind::canceled); // its place is granted to the second at once, which is cancelled as well
    granted.started.cancel.emit(asio::cancellation_type::terminal);
    world.run();
    CHECK(holder.kind() == FailureKind::canceled);
    CHECK(granted.kind() == FailureKind::canceled);
    CHECK(next.ok());
}

TEST_CASE("many calls through few connections all end, whichever are cancelled", "[http][connection_pool]") {
    HttpsOptions options;
    options.max_connections_per_origin = 3;
    options.max_handshakes_per_origin = 2;
    Random random(7);
    for (int round = 0; round < 50; ++round) {
        MemoryWorld world(400, options);
        for (auto& script : world.scripts) {
            script->replies.assign(2, reply({good_reply}));
            script->replies.push_back(reply({"HTTP/1.1 200 OK\r\nContent-Le"})); // then it stalls
        }
        std::vector<std::unique_ptr<Exchanged>> calls;
        for (int i = 0; i < 60; ++i) {
            calls.push_back(std::make_unique<Exchanged>());
            calls.back()->call.deadline = {world.now() + 1s, FailureKind::attempt_timeout};
            world.begin(*calls.back());
        }
        for (int i = 0; i < 20; ++i) {
            world.context.restart();
            for (std::uint64_t steps = random() % 20; steps > 0; --steps) {
                world.context.poll_one();
            }
            calls[random() % calls.size()]->started.cancel.emit(asio::cancellation_type::terminal);
        }
        world.run();
        for (const auto& call : calls) {
            REQUIRE(call->ended());
        }
        Exchanged last; // no place was lost: it gets one, whatever its server then does
        last.call.deadline = {world.now() + 1s, FailureKind::attempt_timeout};
        world.finish(last);
        CHECK((last.ok() || last.message().find("during the exchange") != std::string::npos));
    }
}

TEST_CASE("a transport tells how its pool stands with each origin", "[http][connection_pool]") {
    HttpsOptions options;
    options.max_connections_per_origin = 2;
    MemoryWorld world(3, options);
    CHECK(world.transport->pool_snapshot().empty());

    world.scripts[0]->replies.push_back(reply({good_reply}));
    Exchanged done;
    REQUIRE(world.finish(done).ok());
    Exchanged first; // its script has no reply: it waits for one
    Exchanged second;
    Exchanged third;
    world.begin(first);
    world.begin(second);
    world.begin(third);
    world.run_for(1s);

    auto pools = world.transport->pool_snapshot();
    REQUIRE(pools.size() == 1);
    CHECK(pools[0].origin == "https://ledger.test:443");
    CHECK(pools[0].open == 2);
    CHECK(pools[0].idle == 0);
    CHECK(pools[0].queued == 1);

    const auto source = world.transport->metric_source("ledger");
    Readings readings;
    source->read(readings);
    CHECK(readings.values.size() == 5);
    CHECK(readings.values.at("backstay.pool.open origin=https://ledger.test:443 pool=ledger") == 2);
    CHECK(readings.values.at("backstay.pool.queued origin=https://ledger.test:443 pool=ledger") == 1);

    for (Exchanged* call : {&first, &second, &third}) {
        call->started.cancel.emit(asio::cancellation_type::terminal);
    }
    world.run();
    world.transport.reset();
    Readings after;
    source->read(after);
    CHECK(after.values.empty());
}

TEST_CASE("an idle connection shows as stale once its time is over", "[http][connection_pool]") {
    MemoryWorld world(1);
    world.scripts[0]->replies.push_back(reply({good_reply}));
    Exchanged get;
    REQUIRE(world.finish(get).ok());
    CHECK(world.transport->pool_snapshot().at(0).stale == 0);
    world.runtime.advance(31s);
    CHECK(world.transport->pool_snapshot().at(0).idle == 1);
    CHECK(world.transport->pool_snapshot().at(0).stale == 1);
}
