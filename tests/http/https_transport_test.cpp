#include <backstay/http/https_transport.hpp>

#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using Then = MemoryReply::Then;

namespace {

struct Recorder final : Observer {
    void on_event(const Event& event) override { seen.emplace_back(to_string(event.type)); }
    std::vector<std::string> seen;
};

} // namespace

TEST_CASE("a call brings the reply, and says how it was carried", "[http][https_transport]") {
    MemoryWorld world(1);
    world.scripts[0]->replies.push_back(
        reply({"HTTP/1.1 201 Created\r\nX-Request-Id: r1\r\nContent-Length: 2\r\n\r\n", "ok"}));
    Exchanged post("POST");
    post.request.body = "{}";
    REQUIRE(world.finish(post).ok());
    CHECK(post.response().status() == 201);
    CHECK(post.response().body() == "ok");
    CHECK(post.response().ok());
    CHECK(post.response().exchange().remote == "ledger.test#1");
    CHECK_FALSE(post.response().exchange().reused);
    CHECK(world.scripts[0]->received.substr(0, 25) == "POST /v1/orders HTTP/1.1\r");
    CHECK(world.scripts[0]->received.ends_with("\r\n\r\n{}"));
}

TEST_CASE("a failing status is a value", "[http][https_transport]") {
    MemoryWorld world(1);
    world.scripts[0]->replies.push_back(
        reply({"HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"}));
    Exchanged get;
    REQUIRE(world.finish(get).ok());
    REQUIRE(get.response().failure() != nullptr);
    CHECK(get.response().failure()->kind == FailureKind::service_unavailable);
    CHECK(get.response().failure()->reach == Reach::answered);
}

TEST_CASE("calls one after the other share a connection", "[http][https_transport]") {
    MemoryWorld world(1);
    Recorder recorder;
    for (int i = 0; i < 3; ++i) {
        world.scripts[0]->replies.push_back(reply({good_reply}));
    }
    for (int i = 0; i < 3; ++i) {
        Exchanged get;
        get.call.observer = &recorder;
        REQUIRE(world.finish(get).ok());
        CHECK(get.response().exchange().reused == (i > 0));
    }
    CHECK(world.scripts[0]->requests == 3);
    CHECK(recorder.seen ==
          std::vector<std::string>{"connection_opened", "connection_reused", "connection_reused"});
}

TEST_CASE("an unusable request is refused before anything is done", "[http][https_transport]") {
    MemoryWorld world(1);
    Exchanged get;
    get.request.fields.add("X-Note", "a\r\nInjected: yes");
    CHECK(world.finish(get).kind() == FailureKind::invalid_request);
    CHECK(get.reach() == Reach::never_sent);
    CHECK(world.connector->made() == 0);
}

TEST_CASE("a connection that the server has closed is not used again", "[http][https_transport]") {
    MemoryWorld world(2);
    Recorder recorder;
    world.scripts[0]->replies.push_back(reply({good_reply}, Then::end));
    world.scripts[1]->replies.push_back(reply({good_reply}));
    Exchanged first;
    Exchanged second("POST");
    REQUIRE(world.finish(first).ok());
    second.call.observer = &recorder;
    REQUIRE(world.finish(second).ok());
    CHECK(second.call.resends == 0);
    CHECK(world.scripts[0]->requests == 1);
    CHECK(recorder.seen == std::vector<std::string>{"connection_closed", "connection_opened"});
}

TEST_CASE("what a stale connection lost is sent again, once, if it is safe", "[http][https_transport]") {
    const Then loss = GENERATE(Then::end, Then::truncate, Then::reset);
    MemoryWorld world(3);
    Recorder recorder;
    world.scripts[0]->replies.push_back(reply({good_reply}));
    world.scripts[0]->replies.push_back(nothing_but(loss));
    Exchanged warm_up;
    REQUIRE(world.finish(warm_up).ok());

    SECTION("a GET is") {
        world.scripts[1]->replies.push_back(reply({good_reply}));
        Exchanged get;
        get.call.observer = &recorder;
        REQUIRE(world.finish(get).ok());
        CHECK(get.call.resends == 1);
        CHECK(get.response().exchange().resends == 1);
        CHECK_FALSE(get.response().exchange().reused);
        CHECK(recorder.seen == std::vector<std::string>{"connection_reused", "connection_closed",
                                                        "connection_stale", "connection_opened"});
    }
    SECTION("a POST is not") {
        Exchanged post("POST");
        CHECK(world.finish(post).kind() == FailureKind::connection_lost);
        CHECK(post.reach() == Reach::maybe_processed);
        CHECK(post.call.resends == 0);
        CHECK(world.connector->made() == 1);
    }
    SECTION("a GET that is lost again is not sent a third time") {
        world.scripts[1]->replies.push_back(nothing_but(loss));
        Exchanged get;
        CHECK(world.finish(get).kind() == FailureKind::connection_lost);
        CHECK(get.call.resends == 1);
        CHECK(world.connector->made() == 2);
    }
    SECTION("a failure to connect then does not hide that it may have been processed") {
        world.scripts.clear();
        MemoryWorld alone(1);
        alone.scripts[0]->replies.push_back(reply({good_reply}));
        alone.scripts[0]->replies.push_back(nothing_but(loss));
        Exchanged first;
        REQUIRE(alone.finish(first).ok());
        Exchanged get;
        CHECK(alone.finish(get).kind() == FailureKind::connect_failed);
        CHECK(get.reach() == Reach::maybe_processed);
    }
}

TEST_CASE("a request lost on a new connection is not sent again", "[http][https_transport]") {
    MemoryWorld world(2);
    world.scripts[0]->replies.push_back(nothing_but(Then::reset));
    Exchanged get;
    CHECK(world.finish(get).kind() == FailureKind::connection_lost);
    CHECK(get.reach() == Reach::maybe_processed);
    CHECK(world.connector->made() == 1);
}

TEST_CASE("a reply that began is not asked for again", "[http][https_transport]") {
    MemoryWorld world(2);
    world.scripts[0]->replies.push_back(reply({good_reply}));
    world.scripts[0]->replies.push_back(reply({"HTTP/1.1 200 OK\r\nContent-Le"}, Then::reset));
    Exchanged warm_up;
    REQUIRE(world.finish(warm_up).ok());
    Exchanged get;
    CHECK(world.finish(get).kind() == FailureKind::connection_lost);
    CHECK(get.call.resends == 0);
}

TEST_CASE("a body that the close delimits needs a close that was announced", "[http][https_transport]") {
    const std::string open_ended = "HTTP/1.1 200 OK\r\n\r\npart";
    MemoryWorld world(1);
    Exchanged get;

    SECTION("announced: a success, and the connection is gone") {
        world.scripts[0]->replies.push_back(reply({open_ended}, Then::end));
        REQUIRE(world.finish(get).ok());
        CHECK(get.response().body() == "part");
        CHECK(world.scripts[0]->closed);
    }
    SECTION("not announced: truncated") {
        world.scripts[0]->replies.push_back(reply({open_ended}, Then::truncate));
        CHECK(world.finish(get).kind() == FailureKind::truncated);
        CHECK(get.reach() == Reach::maybe_processed);
    }
    SECTION("reset: lost") {
        world.scripts[0]->replies.push_back(reply({open_ended}, Then::reset));
        CHECK(world.finish(get).kind() == FailureKind::connection_lost);
    }
}

TEST_CASE("an early reply is delivered, sending stops, and the connection is closed",
          "[http][https_transport]") {
    MemoryWorld world(2);
    MemoryScript& script = *world.scripts[0];
    script.write_window = 40'000; // the server reads no further
    MemoryReply early = reply({"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"});
    early.after_bytes = 1'000;
    script.replies.push_back(early);
    Exchanged post("POST");
    post.request.body.assign(100'000, 'x');
    REQUIRE(world.finish(post).ok());
    CHECK(post.response().status() == 413);
    CHECK(script.received.size() == 40'000);
    CHECK(script.closed);
}

TEST_CASE("a reply that waits behind a broken write is read", "[http][https_transport]") {
    MemoryWorld world(1);
    MemoryScript& script = *world.scripts[0];
    script.break_writes_after = 20'000;
    script.write_window = 20'000;
    MemoryReply early = reply({"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n"});
    early.after_bytes = 20'000;
    Exchanged post("POST");
    post.request.body.assign(100'000, 'x');

    SECTION("and delivered") {
        script.replies.push_back(early);
        REQUIRE(world.finish(post).ok());
        CHECK(post.response().status() == 401);
    }
    SECTION("or, if there is none, the write's error is told") {
        early.pieces.clear();
        early.then = Then::reset;
        script.replies.push_back(early);
        CHECK(world.finish(post).kind() == FailureKind::connection_lost);
        CHECK(post.outcome().error().cause() == std::errc::broken_pipe);
    }
    CHECK(script.closed);
}

TEST_CASE("limits of a reply can be set for all and for one", "[http][https_transport]") {
    HttpsOptions options;
    options.max_body_bytes = 1;
    MemoryWorld world(2, options);
    world.scripts[0]->replies.push_back(reply({good_reply}));
    world.scripts[1]->replies.push_back(reply({good_reply}));
    Exchanged get;
    CHECK(world.finish(get).kind() == FailureKind::body_too_large);
    Exchanged roomy;
    roomy.request.max_body_bytes = 2;
    CHECK(world.finish(roomy).ok());
}

TEST_CASE("an idle connection is used for as long as the server keeps it", "[http][https_transport]") {
    const auto [field, kept] = GENERATE(std::pair<std::string, Duration>{"", 30s},
                                        std::pair<std::string, Duration>{"Keep-Alive: timeout=10\r\n", 6s},
                                        std::pair<std::string, Duration>{"Keep-Alive: timeout=2\r\n", 1s});
    const Duration pause = GENERATE(-1ms, 1ms);
    MemoryWorld world(2);
    const std::string answer = "HTTP/1.1 200 OK\r\n" + field + "Content-Length: 0\r\n\r\n";
    for (auto& script : world.scripts) {
        script->replies.push_back(reply({answer}));
        script->replies.push_back(reply({answer}));
    }
    Exchanged first;
    REQUIRE(world.finish(first).ok());
    world.run_for(kept + pause);
    Exchanged second;
    REQUIRE(world.finish(second).ok());
    CHECK(second.response().exchange().reused == (pause < 0ms));
    CHECK(world.scripts[0]->said_goodbye == (pause > 0ms));
}

TEST_CASE("a connection is retired at its age, more or less 10 %", "[http][https_transport]") {
    MemoryWorld world(2);
    for (auto& script : world.scripts) {
        script->replies.assign(40, reply({good_reply}));
    }
    const TimePoint began = world.now();
    bool reused = true;
    while (reused) {
        Exchanged get;
        REQUIRE(world.finish(get).ok());
        reused = get.response().exchange().reused || world.now() == began;
        world.run_for(10s);
    }
    CHECK(world.now() - began >= 270s);
    CHECK(world.now() - began <= 350s);
}

TEST_CASE("options out of range are refused by name", "[http][https_transport]") {
    VirtualRuntime runtime;
    HttpsOptions options;
    options.connect_timeout = -1ms;
    CHECK_THROWS_WITH(HttpsTransport(options, runtime, nullptr),
                      "HttpsOptions.connect_timeout is -1 ms, allowed is 0 ms to 365 days");
    options = HttpsOptions();
    options.max_handshakes_per_origin = 0;
    CHECK_THROWS_WITH(HttpsTransport(options, runtime, nullptr),
                      "HttpsOptions.max_handshakes_per_origin is 0, allowed is 1 or more");
}

TEST_CASE("times that no clock can count are refused, not wrapped around", "[http][https_transport]") {
    VirtualRuntime runtime;
    for (auto HttpsOptions::* const field :
         {&HttpsOptions::connect_timeout, &HttpsOptions::idle_timeout, &HttpsOptions::dns_cache_for,
          &HttpsOptions::idle_for, &HttpsOptions::max_age}) {
        HttpsOptions options;
        options.*field = 24h * 365;
        CHECK_NOTHROW(HttpsTransport(options, runtime));
        options.*field = std::chrono::milliseconds::max();
        CHECK_THROWS_WITH(HttpsTransport(options, runtime), ContainsSubstring("allowed is 0 ms to 365 days"));
    }
}
