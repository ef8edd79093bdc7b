#include "http/connector.hpp"

#include "http/dial_race_world.hpp"
#include "http/tls_peer.hpp"
#include "support/catch.hpp"

#include <backstay/pipeline/asio_runtime.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <atomic>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// A connector whose roads are made of time.
struct ConnectorWorld : World {
    std::shared_ptr<RoadBook> book = std::make_shared<RoadBook>(RoadBook{runtime});
    HttpsOptions options{};
    std::unique_ptr<NetConnector> connector{};
    Exchanged call{};
    ConnectTimes times{};

    void resolve_to(const std::string& host, const std::vector<std::string>& addresses) {
        for (const std::string& address : addresses) {
            options.resolve_overrides.push_back({host, 443, address});
        }
    }

    static asio::awaitable<ConnectResult> play(ConnectorWorld& world, Origin origin) {
        Watchdog watchdog(world.runtime, co_await asio::this_coro::executor, world.call.call,
                          co_await asio::this_coro::cancellation_state);
        co_return co_await world.connector->connect(origin, watchdog, world.times);
    }

    ConnectResult connect(const std::string& host, const std::string& scheme = "http") {
        if (!connector) {
            connector =
                std::make_unique<NetConnector>(options, LookupThreads(), std::make_unique<RoadDialer>(book));
        }
        return backstay::test::run(*this, play(*this, {scheme, host, 443}));
    }
};

Road connected_after(Duration time) {
    return {time, {}, false};
}

} // namespace

TEST_CASE("families take turns, so that a dead IPv6 costs a quarter of a second", "[http][connector]") {
    ConnectorWorld world;
    world.resolve_to("a.test", {"2001:db8::1", "2001:db8::2", "192.0.2.1"});
    world.book->roads["192.0.2.1"] = connected_after(10ms);
    const TimePoint began = world.now();
    const ConnectResult made = world.connect("a.test");
    REQUIRE(made);
    CHECK((*made)->remote() == "192.0.2.1");
    CHECK(world.now() - began == 260ms);
    CHECK(world.times.tcp == 260ms);
    CHECK(world.book->open == 1);
}

TEST_CASE("a server that will not shake hands is left for another address, a refused certificate is final",
          "[http][connector]") {
    const bool refused = GENERATE(true, false);
    ConnectorWorld world;
    TlsPeer good;
    TlsPeer strange; // of another root
    world.options.tls.ca_pem = good.ca_pem;
    world.resolve_to("localhost", {"192.0.2.1", "192.0.2.2"});
    world.book->roads["192.0.2.1"] = connected_after(1ms);
    world.book->roads["192.0.2.2"] = connected_after(1ms);
    world.book->beyond = [&](const asio::any_io_executor& executor,
                             const std::string& address) -> std::unique_ptr<ByteStream> {
        if (address == "192.0.2.2") {
            return std::make_unique<TlsPeerStream>(good, executor);
        }
        if (refused) {
            return std::make_unique<TlsPeerStream>(strange, executor);
        }
        auto script = std::make_shared<MemoryScript>();
        MemoryReply garbage = reply({"SSH-2.0-OpenSSH_9.2\r\n"}, MemoryReply::Then::end);
        garbage.after_bytes = 1;
        script->replies.push_back(garbage);
        return std::make_unique<MemoryStream>(executor, script, address);
    };
    const ConnectResult made = world.connect("localhost", "https");
    CHECK(made.has_value() != refused);
    CHECK(world.book->dialed.size() == (refused ? 1U : 2U));
    if (refused) {
        CHECK(made.error().kind == FailureKind::certificate_rejected);
        CHECK(world.book->open == 0);
    }
}

TEST_CASE("connect_timeout is for TCP and TLS together, per address", "[http][connector]") {
    ConnectorWorld world;
    world.options.tls.ca_pem = TlsPeer().ca_pem;
    world.resolve_to("a.test", {"192.0.2.1"});
    world.book->roads["192.0.2.1"] = connected_after(1s); // and then silence
    const TimePoint began = world.now();
    const ConnectResult made = world.connect("a.test", "https");
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == FailureKind::tls_failed);
    CHECK(world.now() - began == 3s);
    CHECK(world.book->open == 0);
}

TEST_CASE("the last of several addresses that all failed is told with their number", "[http][connector]") {
    ConnectorWorld world;
    world.resolve_to("a.test", {"192.0.2.1", "192.0.2.2"});
    const ConnectResult made = world.connect("a.test");
    REQUIRE_FALSE(made);
    CHECK(made.error().message.find("192.0.2.2") != std::string::npos);
    CHECK(made.error().message.find("the last of 2 addresses") != std::string::npos);
}

TEST_CASE("a name of whose addresses none answered is looked up anew, another is not", "[http][connector]") {
    const bool alive = GENERATE(true, false);
    asio::io_context context;
    asio::ip::tcp::acceptor server(context, {asio::ip::address_v4::loopback(), 0});
    const std::uint16_t port = server.local_endpoint().port();
    if (!alive) {
        server.close();
    }
    HttpsOptions options;
    options.allow_plain_http = true;
    std::atomic<int> asked = 0;
    NetConnector connector(options, LookupThreads([&asked](const std::string&) -> LookupResult {
                               ++asked;
                               return Addresses{asio::ip::address_v4::loopback()};
                           }));
    const auto connect = [](NetConnector& to, Origin origin, bool& made) -> asio::awaitable<void> {
        Exchanged call;
        Watchdog watchdog(asio_runtime(), co_await asio::this_coro::executor, call.call,
                          co_await asio::this_coro::cancellation_state);
        ConnectTimes times;
        const ConnectResult result = co_await to.connect(origin, watchdog, times);
        made = result.has_value();
    };
    for (int i = 0; i < 3; ++i) {
        bool made = !alive;
        asio::co_spawn(context, connect(connector, {"http", "a.test", port}, made), asio::detached);
        context.restart();
        context.run();
        CHECK(made == alive);
    }
    CHECK(asked == (alive ? 1 : 3));
}
