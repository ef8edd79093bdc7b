#include <backstay/testing/scripted_transport.hpp>

#include "support/catch.hpp"

#include <backstay/pipeline/virtual_runtime.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

using Result = expected<Response, TransportError>;

struct World {
    CallContext call_until(Duration deadline) {
        return {.now = runtime.now(),
                .deadline = {.at = runtime.now() + deadline, .kind = FailureKind::attempt_timeout},
                .attempt = 1,
                .stop = &stop,
                .key = key,
                .overrides = overrides};
    }

    /// Begins a call whose result is put into `result`.
    void begin(std::optional<Result>& result, Duration deadline = 1h) {
        asio::co_spawn(context, send(*this, deadline),
                       asio::bind_cancellation_slot(cancel.slot(),
                                                    [&result](const std::exception_ptr& thrown, Result got) {
                                                        REQUIRE_FALSE(thrown);
                                                        result = std::move(got);
                                                    }));
    }

    static asio::awaitable<Result> send(World& world, Duration deadline) {
        CallContext call = world.call_until(deadline);
        co_return co_await world.transport.send(world.request, call);
    }

    Result run(Duration deadline = 1h) {
        std::optional<Result> result;
        begin(result, deadline);
        runtime.run(context);
        REQUIRE(result);
        return std::move(*result);
    }

    VirtualRuntime runtime;
    asio::io_context context;
    ScriptedTransport transport{runtime};
    Request request{"GET", Url::parse("https://api.example/v1/resources").value()};
    CallKey key;
    Overrides overrides;
    StopSignal stop;
    asio::cancellation_signal cancel;
};

Failure failure_of(const Result& result) {
    return result ? Failure{} : result.error().failure();
}

} // namespace

TEST_CASE("outcomes are handed out in order", "[scripted_transport]") {
    World world;
    world.transport.reply(200, "first")
        .fail(TransportError({.kind = FailureKind::connect_failed, .reach = Reach::never_sent}))
        .reply({.status = 503, .body = "third", .exchange = {.reused = true}});
    CHECK(world.run()->body() == "first");
    CHECK(failure_of(world.run()).kind == FailureKind::connect_failed);
    CHECK(world.transport.left() == 1);
    const Result third = world.run();
    CHECK(third->status() == 503);
    CHECK(third->exchange().reused);
    CHECK(world.transport.left() == 0);
}

TEST_CASE("a request without an outcome fails, named and not to be repeated", "[scripted_transport]") {
    World world;
    world.transport.reply(200);
    CHECK(world.run());
    const Result second = world.run();
    CHECK(failure_of(second).kind == FailureKind::exception);
    CHECK(second.error().detail()->message ==
          "scripted transport: no outcome is left for request 2, GET https://api.example/v1/resources");
}

TEST_CASE("delays pass in the runtime's time, and requests are recorded with it", "[scripted_transport]") {
    World world;
    const TimePoint start = world.runtime.now();
    world.transport.reply(200, "", {}, 250ms).reply(200, "", {}, 2s);
    CHECK(world.run());
    CHECK(world.run(10s));
    CHECK(world.runtime.now() == start + 2250ms);
    REQUIRE(world.transport.seen().size() == 2);
    CHECK(world.transport.seen()[0].at == start);
    CHECK(world.transport.seen()[1].at == start + 250ms);
    CHECK(world.transport.seen()[1].deadline.at == start + 10250ms);
    CHECK(world.transport.seen()[1].attempt == 1);
    CHECK(world.transport.seen()[1].request.method == "GET");
}

TEST_CASE("an outcome that comes at or after the deadline is the deadline's failure",
          "[scripted_transport]") {
    World world;
    const TimePoint start = world.runtime.now();
    world.transport.reply(200, "", {}, 2s).hang().reply(200, "", {}, 999ms);
    const Failure late = failure_of(world.run(1s));
    CHECK(late.kind == FailureKind::attempt_timeout);
    CHECK(late.reach == Reach::maybe_processed);
    CHECK(world.runtime.now() == start + 1s);
    CHECK(failure_of(world.run(1s)).kind == FailureKind::attempt_timeout);
    CHECK(world.run(1s));
    CHECK(failure_of(world.run(0s)).reach == Reach::never_sent);
    CHECK(world.transport.seen().size() == 3);
    world.transport.reply(200, "", {}, 1s);
    CHECK(failure_of(world.run(1s)).kind == FailureKind::attempt_timeout);
}

TEST_CASE("a stop ends the wait with its reason", "[scripted_transport]") {
    World world;
    world.transport.hang().reply(200);
    std::optional<Result> result;
    world.begin(result);
    world.context.poll();
    CHECK_FALSE(result);
    world.stop.request(FailureKind::client_closed);
    world.runtime.run(world.context);
    REQUIRE(result);
    CHECK(failure_of(*result).kind == FailureKind::client_closed);
    CHECK(failure_of(world.run()).kind == FailureKind::client_closed);
    CHECK(world.transport.seen().size() == 1);
}

TEST_CASE("a cancellation ends the wait", "[scripted_transport]") {
    World world;
    world.transport.hang();
    std::optional<Result> result;
    world.begin(result);
    world.context.poll();
    world.cancel.emit(asio::cancellation_type::terminal);
    world.runtime.run(world.context);
    REQUIRE(result);
    CHECK(failure_of(*result).kind == FailureKind::canceled);
    CHECK(failure_of(*result).reach == Reach::maybe_processed);
}

TEST_CASE("a closed transport refuses", "[scripted_transport]") {
    World world;
    world.transport.reply(200);
    world.transport.close();
    const Failure refused = failure_of(world.run());
    CHECK(refused.kind == FailureKind::client_closed);
    CHECK(refused.reach == Reach::refused_here);
    CHECK(refused.refused_by == RefusedBy::client);
    CHECK(world.transport.left() == 1);
}

TEST_CASE("a context destroyed in mid-wait leaks nothing", "[scripted_transport]") {
    std::optional<Result> result;
    auto world = std::make_unique<World>();
    world->transport.hang();
    world->begin(result);
    world->context.poll();
    world.reset();
    CHECK_FALSE(result);
}
