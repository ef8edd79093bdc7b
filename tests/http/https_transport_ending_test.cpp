#include <backstay/http/https_transport.hpp>

#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <functional>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using Then = MemoryReply::Then;

namespace {

/// A connector whose connections are never made.
class Nowhere final : public Connector {
public:
    asio::awaitable<ConnectResult> connect(const Origin& /*origin*/, Watchdog& watchdog,
                                           ConnectTimes& /*times*/) override {
        Gate never(watchdog.executor());
        if (watchdog.may_wait()) {
            const Watchdog::Watch watch(watchdog, never);
            co_await never.wait();
        }
        co_return fail(StepFault{FailureKind::connect_failed, asio::error::operation_aborted, "aborted"});
    }
};

/// A world in which a call hangs at one step.
struct Stuck {
    std::string step;
    Reach reach;
    std::function<void(MemoryWorld&)> prepare;
};

std::vector<Stuck> steps() {
    return {
        {"connecting", Reach::never_sent,
         [](MemoryWorld& world) {
             world.transport =
                 std::make_unique<HttpsTransport>(HttpsOptions(), world.runtime, std::make_unique<Nowhere>());
         }},
        {"writing", Reach::maybe_processed, [](MemoryWorld& world) { world.scripts[0]->write_window = 5; }},
        {"before the reply", Reach::maybe_processed, [](MemoryWorld& /*world*/) {}},
        {"in the head", Reach::maybe_processed,
         [](MemoryWorld& world) { world.scripts[0]->replies.push_back(reply({"HTTP/1.1 200 OK\r\nX: "})); }},
        {"in the body", Reach::maybe_processed,
         [](MemoryWorld& world) {
             world.scripts[0]->replies.push_back(
                 reply({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "pa"}));
         }},
    };
}

HttpsOptions one_connection() {
    HttpsOptions options;
    options.max_connections_per_origin = 1;
    return options;
}

} // namespace

TEST_CASE("whatever a call waits for, it ends when it must", "[http][https_transport]") {
    for (const Stuck& stuck : steps()) {
        DYNAMIC_SECTION("at its deadline, " << stuck.step) {
            MemoryWorld world(1);
            stuck.prepare(world);
            Exchanged post("POST");
            post.call.deadline = {world.now() + 8s, FailureKind::attempt_timeout};
            const TimePoint due = post.call.deadline.at;
            CHECK(world.finish(post).kind() == FailureKind::attempt_timeout);
            CHECK(post.reach() == stuck.reach);
            CHECK(world.now() == due);
        }
        DYNAMIC_SECTION("when it is stopped, " << stuck.step) {
            MemoryWorld world(1);
            stuck.prepare(world);
            StopSignal stop;
            Exchanged post("POST");
            post.call.stop = &stop;
            world.finish(post);
            REQUIRE_FALSE(post.ended());
            stop.request(FailureKind::client_closed);
            world.run();
            REQUIRE(post.ended());
            CHECK(post.kind() == FailureKind::client_closed);
            CHECK(post.reach() == stuck.reach);
        }
        for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                                asio::cancellation_type::total}) {
            DYNAMIC_SECTION("when it is cancelled, " << stuck.step << ", " << static_cast<int>(type)) {
                MemoryWorld world(1);
                stuck.prepare(world);
                Exchanged post("POST");
                const auto listen = [](MemoryWorld& w, Exchanged& e) -> asio::awaitable<Exchanged::Outcome> {
                    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
                    co_return co_await w.transport->send(e.request, e.call);
                };
                start(world, post.started, listen(world, post));
                world.run();
                REQUIRE_FALSE(post.ended());
                post.started.cancel.emit(type);
                world.run();
                REQUIRE(post.ended());
                CHECK_FALSE(post.started.thrown);
                CHECK(post.kind() == FailureKind::canceled);
                CHECK(post.reach() == stuck.reach);
            }
        }
        DYNAMIC_SECTION("when its context goes, " << stuck.step) {
            auto world = std::make_unique<MemoryWorld>(1);
            auto script = world->scripts[0];
            stuck.prepare(*world);
            StopSignal stop;
            Exchanged post("POST");
            post.call.stop = &stop;
            world->finish(post);
            world.reset();
            CHECK_FALSE(post.ended());
            CHECK(script.use_count() == 1);
        }
    }
}

TEST_CASE("a call that has no time left, or is stopped already, does nothing", "[http][https_transport]") {
    MemoryWorld world(1);
    Exchanged get;
    StopSignal stop;

    SECTION("no time") {
        get.call.deadline = {world.now(), FailureKind::deadline_exceeded};
        CHECK(world.finish(get).kind() == FailureKind::deadline_exceeded);
    }
    SECTION("stopped") {
        stop.request(FailureKind::canceled);
        get.call.stop = &stop;
        CHECK(world.finish(get).kind() == FailureKind::canceled);
    }
    CHECK(get.reach() == Reach::never_sent);
    CHECK(world.connector->made() == 0);
}

TEST_CASE("a connection whose exchange was cut short is never used again", "[http][https_transport]") {
    MemoryWorld world(2);
    world.scripts[0]->replies.push_back(reply({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "pa"}));
    world.scripts[1]->replies.push_back(reply({good_reply}));
    Exchanged cut;
    cut.call.deadline = {world.now() + 1s, FailureKind::attempt_timeout};
    CHECK(world.finish(cut).kind() == FailureKind::attempt_timeout);
    CHECK(world.scripts[0]->closed);
    CHECK_FALSE(world.scripts[0]->said_goodbye);
    Exchanged next;
    REQUIRE(world.finish(next).ok());
    CHECK_FALSE(next.response().exchange().reused);
}

TEST_CASE("idle_timeout counts from byte to byte of a reply", "[http][https_transport]") {
    HttpsOptions options;
    options.idle_timeout = 2'000ms;
    MemoryWorld world(1, options);
    Exchanged get;
    const TimePoint began = world.now();

    SECTION("not before the first one") {
        get.call.deadline = {began + 60s, FailureKind::attempt_timeout};
        CHECK(world.finish(get).kind() == FailureKind::attempt_timeout);
        CHECK(world.now() == began + 60s);
    }
    SECTION("and ends a reply that has dried up") {
        world.scripts[0]->replies.push_back(reply({"HTTP/1.1 200 OK\r\n"}));
        CHECK(world.finish(get).kind() == FailureKind::attempt_timeout);
        CHECK(world.now() == began + 2s);
        CHECK(get.message().find("idle_timeout") != std::string::npos);
    }
}

TEST_CASE("calls beyond the limit wait their turn", "[http][https_transport]") {
    MemoryWorld world(2, one_connection());
    MemoryScript& script = *world.scripts[0];
    Exchanged first;
    Exchanged second;
    StopSignal stop;
    first.call.stop = &stop;
    world.begin(first);
    world.begin(second);
    world.run();
    REQUIRE_FALSE(first.ended());
    CHECK(script.requests == 1);

    SECTION("and go on when one has ended") {
        world.scripts[1]->replies.push_back(reply({good_reply}));
        stop.request(FailureKind::canceled);
        world.run();
        CHECK(first.kind() == FailureKind::canceled);
        REQUIRE(second.ok());
    }
    SECTION("but no longer than their deadline") {
        Exchanged third;
        third.call.deadline = {world.now() + 3s, FailureKind::deadline_exceeded};
        CHECK(world.finish(third).kind() == FailureKind::deadline_exceeded);
        CHECK(third.reach() == Reach::never_sent);
        CHECK(third.message().find("waited for a connection") != std::string::npos);
    }
    SECTION("or until they are cancelled") {
        second.started.cancel.emit(asio::cancellation_type::terminal);
        world.run();
        CHECK(second.kind() == FailureKind::canceled);
        CHECK(second.reach() == Reach::never_sent);
    }
    SECTION("or refused, when the transport is closed") {
        world.transport->close();
        world.run();
        CHECK(second.kind() == FailureKind::client_closed);
        CHECK(second.reach() == Reach::refused_here);
        CHECK_FALSE(first.ended());
    }
}

TEST_CASE("a closed transport refuses, closes what is idle, and lets go on what is under way",
          "[http][https_transport]") {
    MemoryWorld world(2);
    world.scripts[0]->replies.push_back(reply({good_reply}));
    Exchanged idle;
    REQUIRE(world.finish(idle).ok());
    CHECK_FALSE(world.scripts[0]->closed);
    world.transport->close();
    CHECK(world.scripts[0]->closed);
    CHECK(world.scripts[0]->said_goodbye);
    Exchanged late;
    CHECK(world.finish(late).kind() == FailureKind::client_closed);
    CHECK(late.reach() == Reach::refused_here);
    CHECK(late.outcome().error().failure().refused_by == RefusedBy::client);
}

TEST_CASE("a transport may go before its calls have ended", "[http][https_transport]") {
    MemoryWorld world(1);
    MemoryReply slow = reply({"HTTP/1.1 200 OK\r\n", "Content-Length: 0\r\n\r\n"});
    world.scripts[0]->replies.push_back(slow);
    Exchanged get;
    world.begin(get);
    world.transport.reset();
    world.run();
    CHECK(get.ended());
}

TEST_CASE("after a cancelled call the caller's own setting decides what its next co_await does",
          "[http][https_transport]") {
    MemoryWorld world(1);
    Exchanged get;
    bool throwing = false;
    const auto twice = [](MemoryWorld& w, Exchanged& e, bool& flag) -> asio::awaitable<Exchanged::Outcome> {
        Exchanged::Outcome outcome = co_await w.transport->send(e.request, e.call);
        flag = co_await asio::this_coro::throw_if_cancelled();
        co_return outcome;
    };
    start(world, get.started, twice(world, get, throwing));
    world.run();
    get.started.cancel.emit(asio::cancellation_type::terminal);
    world.run();
    CHECK(get.kind() == FailureKind::canceled);
    CHECK(throwing);
}
