#include <backstay/http/https_transport.hpp>

#include "http/sandbox_world.hpp"
#include "support/catch.hpp"

#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <atomic>
#include <list>
#include <string>
#include <thread>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

FaultStep stalling() {
    FaultStep step;
    step.cut = {.kind = Cut::Kind::stall, .at_byte = 20};
    return step;
}

/// Waits for the server's other thread.
template <class Condition>
void eventually(Condition condition) {
    while (!condition()) {
        std::this_thread::sleep_for(1ms);
    }
}

asio::awaitable<void> get_many(HttpsTransport& transport, std::string url, int calls,
                               std::atomic<int>& good) {
    for (int i = 0; i < calls; ++i) {
        Exchanged get("GET", url);
        const auto outcome = co_await transport.send(get.request, get.call);
        good += outcome && outcome->status() == 200 ? 1 : 0;
    }
}

} // namespace

TEST_CASE("calls over TLS share a connection, and an idle one keeps no context running",
          "[http][https_transport][socket]") {
    SandboxWorld world;
    for (int i = 0; i < 3; ++i) {
        Exchanged get = world.make();
        REQUIRE(world.finish(get).ok());
        CHECK(get.response().status() == 200);
        CHECK(get.response().exchange().reused == (i > 0));
        CHECK(get.response().exchange().remote == "127.0.0.1:" + std::to_string(world.sandbox.port()));
    }
    CHECK(world.sandbox.counts().connections == 1);
}

TEST_CASE("a new connection says what its making consisted of, in the reply and in its event",
          "[http][https_transport][socket]") {
    struct Opened final : Observer {
        Opened() : Observer(EventSet().add(EventType::connection_opened).add(EventType::connection_reused)) {}
        void on_event(const Event& event) override {
            kept.push_back(event);
            kept.back().remote = remotes.emplace_back(event.remote);
        }
        std::vector<Event> kept;
        std::list<std::string> remotes;
    } opened;
    SandboxWorld world;
    Exchanged get = world.make();
    get.call.observer = &opened;
    REQUIRE(world.finish(get).ok());
    const ExchangeInfo& info = get.response().exchange();
    CHECK(info.tcp_time > 0s);
    CHECK(info.tls_time > 0s);
    CHECK(info.lookup_time + info.tcp_time + info.tls_time <= info.connect_time);
    CHECK(info.first_byte_time > 0s);

    Exchanged again = world.make();
    again.call.observer = &opened;
    REQUIRE(world.finish(again).ok());
    CHECK(again.response().exchange().tcp_time == 0s);
    CHECK(again.response().exchange().tls_time == 0s);

    REQUIRE(opened.kept.size() == 2);
    const Event& event = opened.kept[0];
    CHECK(event.type == EventType::connection_opened);
    CHECK(event.remote == info.remote);
    CHECK(event.duration == info.connect_time);
    CHECK(event.lookup_time == info.lookup_time);
    CHECK(event.tcp_time == info.tcp_time);
    CHECK(event.tls_time == info.tls_time);
    CHECK(opened.kept[1].type == EventType::connection_reused);
    CHECK(opened.kept[1].remote == info.remote);
    CHECK(opened.kept[1].duration == 0s);
}

TEST_CASE("a connection that fails says what its making took so far", "[http][https_transport][socket]") {
    SandboxOptions server;
    server.script.connections.push_back({.fault = ConnectionFault::reset_in_handshake});
    SandboxWorld world(std::move(server));
    Exchanged get = world.make();
    CHECK(world.finish(get).kind() == FailureKind::tls_failed);
    const auto* const detail = get.outcome().error().detail();
    REQUIRE(detail != nullptr);
    CHECK(detail->exchange.tcp_time > 0s);
    CHECK(detail->exchange.tls_time > 0s);
}

TEST_CASE("a large body goes and a large reply comes", "[http][https_transport][socket]") {
    FaultStep large;
    large.reply.emplace();
    large.reply->body.emplace(std::size_t{3} * 1024 * 1024, 'y');
    SandboxWorld world(playing(large));
    Exchanged post = world.make("POST", "/v1/resources");
    post.request.body.assign(900'000, 'x');
    REQUIRE(world.finish(post).ok());
    CHECK(post.response().body() == *large.reply->body);
    CHECK(world.sandbox.requests().at(0).body_bytes == 900'000);
}

TEST_CASE(
    "a server that closes on the next request loses a GET, which is sent again, and a POST, which is not",
    "[http][https_transport][socket]") {
    FaultStep step;
    step.after = AfterReply::close_on_next_request;
    SandboxWorld world(playing(step));
    Exchanged warm_up = world.make();
    REQUIRE(world.finish(warm_up).ok());

    SECTION("GET") {
        Exchanged get = world.make();
        REQUIRE(world.finish(get).ok());
        CHECK(get.call.resends == 1);
        CHECK(world.sandbox.counts().connections == 2);
    }
    SECTION("POST") {
        Exchanged post = world.make("POST", "/v1/resources");
        CHECK(world.finish(post).kind() == FailureKind::connection_lost);
        CHECK(post.reach() == Reach::maybe_processed);
        CHECK(world.sandbox.counts().connections == 1);
    }
}

TEST_CASE("a connection that was closed while idle is noticed before a POST is lost on it",
          "[http][https_transport][socket]") {
    FaultStep step;
    step.after = AfterReply::close_silently;
    SandboxWorld world(playing(step));
    Exchanged warm_up = world.make();
    REQUIRE(world.finish(warm_up).ok());
    eventually([&] { return world.sandbox.counts().open == 0; });
    Exchanged post = world.make("POST", "/v1/resources");
    CHECK(world.finish(post).ok());
    CHECK(post.call.resends == 0);
}

TEST_CASE("a stalled reply is ended in time", "[http][https_transport][socket]") {
    SandboxWorld world(playing(stalling()));
    Exchanged get = world.make();
    StopSignal stop;
    get.call.stop = &stop;
    asio::steady_timer timer(world.context, 50ms);

    SECTION("by its deadline") {
        get.call.deadline = {Clock::now() + 50ms, FailureKind::attempt_timeout};
        CHECK(world.finish(get).kind() == FailureKind::attempt_timeout);
    }
    SECTION("by a cancel") {
        timer.async_wait(
            [&](std::error_code) { get.started.cancel.emit(asio::cancellation_type::terminal); });
        CHECK(world.finish(get).kind() == FailureKind::canceled);
    }
    SECTION("by a stop") {
        timer.async_wait([&](std::error_code) { stop.request(FailureKind::client_closed); });
        CHECK(world.finish(get).kind() == FailureKind::client_closed);
    }
    CHECK(get.reach() == Reach::maybe_processed);
    eventually([&] { return world.sandbox.counts().open == 0; });
}

TEST_CASE("a cut reply is truncated over TLS too, with or without a goodbye",
          "[http][https_transport][socket]") {
    FaultStep step;
    step.raw = "HTTP/1.1 200 OK\r\n\r\npart";
    step.cut = {.kind = Cut::Kind::close, .at_byte = 1'000};

    SECTION("a goodbye ends a body without length") {
        SandboxWorld world(playing(step));
        Exchanged get = world.make();
        REQUIRE(world.finish(get).ok());
        CHECK(get.response().body() == "part");
    }
    SECTION("without one it is truncated") {
        step.cut.close_notify = false;
        SandboxWorld world(playing(step));
        Exchanged get = world.make();
        CHECK(world.finish(get).kind() == FailureKind::truncated);
    }
    SECTION("a body shorter than announced is truncated") {
        step.raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart";
        SandboxWorld world(playing(step));
        Exchanged get = world.make();
        CHECK(world.finish(get).kind() == FailureKind::truncated);
    }
}

TEST_CASE("a closed transport refuses, and its server is told goodbye", "[http][https_transport][socket]") {
    SandboxWorld world;
    Exchanged first = world.make();
    REQUIRE(world.finish(first).ok());
    world.transport->close();
    eventually([&] { return world.sandbox.counts().open == 0; });
    Exchanged late = world.make();
    CHECK(world.finish(late).kind() == FailureKind::client_closed);
}

TEST_CASE("context and transport may go in either order, with connections idle or busy",
          "[http][https_transport][socket]") {
    Sandbox sandbox(playing(stalling()));
    Sandbox healthy;
    HttpsOptions options;
    options.tls.ca_pem = sandbox.ca_pem() + healthy.ca_pem();
    auto context = std::make_unique<asio::io_context>();
    auto transport = std::make_unique<HttpsTransport>(options, asio_runtime());
    std::atomic<int> good = 0;
    asio::co_spawn(*context, get_many(*transport, healthy.url() + "/v1/status/200", 2, good), asio::detached);
    context->run();
    CHECK(good == 2);
    asio::co_spawn(*context, get_many(*transport, sandbox.url() + "/v1/status/200", 1, good), asio::detached);
    context->restart();
    context->run_for(50ms);

    SECTION("first the context") {
        context.reset();
        eventually([&] { return sandbox.counts().open + healthy.counts().open == 0; });
        transport.reset();
    }
    SECTION("first the transport") {
        transport.reset();
        eventually([&] { return healthy.counts().open == 0; });
        context.reset();
        eventually([&] { return sandbox.counts().open == 0; });
    }
    CHECK(good == 2);
}

TEST_CASE("one transport serves a context a thread, and a pool of threads",
          "[http][https_transport][threads]") {
    Sandbox sandbox;
    HttpsOptions options;
    options.tls.ca_pem = sandbox.ca_pem();
    options.max_connections_per_origin = 3;
    HttpsTransport transport(options, asio_runtime());
    const std::string url = sandbox.url() + "/v1/status/200";
    std::atomic<int> good = 0;

    SECTION("a context a thread") {
        std::vector<std::thread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&] {
                asio::io_context context;
                for (int call = 0; call < 4; ++call) {
                    asio::co_spawn(context, get_many(transport, url, 25, good), asio::detached);
                }
                context.run();
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    }
    SECTION("a strand a call, on two threads") {
        asio::thread_pool pool(2);
        for (int call = 0; call < 8; ++call) {
            asio::co_spawn(asio::make_strand(pool), get_many(transport, url, 25, good), asio::detached);
        }
        pool.join();
    }
    CHECK(good == 200);
}
