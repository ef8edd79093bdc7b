#include "support/api_world.hpp"

#include "support/catch.hpp"

#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/hedge.hpp>
#include <backstay/testing/sandbox.hpp>

#include <asio/detached.hpp>

// A hedged call through the client: history, request ids, shutdown, and the end of its context.

using namespace backstay;
using namespace backstay::test;

namespace {

const std::string one = R"({"data":{"id":"1","name":"one"},"request_id":"from the body"})";

struct HedgedWorld : ApiWorld {
    ApiClient api = client({.pipeline = standard_hedged({.hedge = {.delay = 1s}})});
};

} // namespace

TEST_CASE("A hedge that wins shows both attempts, in the order of their begin") {
    HedgedWorld world;
    world.transport->hang().reply(200, one, {}, 500ms);
    const auto reply = world.get<Reply<Resource>>(world.api);
    REQUIRE(reply);
    CHECK(reply->request_id == "from the body");
    REQUIRE(reply->attempts.size() == 2);
    CHECK(reply->attempts[0].number == 1);
    CHECK(reply->attempts[0].kind == FailureKind::canceled);
    CHECK(reply->attempts[0].duration == 1500ms);
    CHECK(reply->attempts[0].request_id.empty());
    CHECK(reply->attempts[1].number == 2);
    CHECK(reply->attempts[1].kind == FailureKind::none);
    CHECK(reply->attempts[1].duration == 500ms);
    CHECK(reply->attempts[1].request_id == "from the body");
}

TEST_CASE("A first attempt that wins after all keeps its request id") {
    HedgedWorld world;
    world.transport->reply(200, one, {}, 1200ms).hang();
    const auto reply = world.get<Reply<Resource>>(world.api);
    REQUIRE(reply);
    REQUIRE(reply->attempts.size() == 2);
    CHECK(reply->attempts[0].kind == FailureKind::none);
    CHECK(reply->attempts[0].request_id == "from the body");
    CHECK(reply->attempts[1].kind == FailureKind::canceled);
}

TEST_CASE("A POST without a key is not hedged, one with a key is") {
    HedgedWorld world;
    world.transport->reply(204, "", {}, 3s);
    REQUIRE(world.await(world.api.post<void>("/r")));
    CHECK(world.transport->seen().size() == 1);
    world.transport->reply(204, "", {}, 3s).reply(204);
    REQUIRE(world.await(world.api.post<void>("/r", CallOptions{}.idempotency_key("auto"))));
    REQUIRE(world.transport->seen().size() == 3);
    CHECK(*world.sent(1).fields.find("Idempotency-Key") == *world.sent(2).fields.find("Idempotency-Key"));
}

TEST_CASE("A shutdown lets the branches that run go on, and begins no other") {
    HedgedWorld world;
    world.transport->reply(204, "", {}, 3s).reply(204);
    const auto call = world.start(world.api.get<void>("/r"));
    world.run_for(500ms);
    const auto stopped = world.start(world.api.shutdown(10s));
    world.VirtualWorld::run();
    REQUIRE(call->outcome);
    CHECK(call->outcome->has_value());
    CHECK(world.transport->seen().size() == 1);
    CHECK(stopped->outcome == 0U);
}

TEST_CASE("During a shutdown a branch that fails leaves the other one its chance") {
    HedgedWorld world;
    world.transport->reply(500, "", {}, 2s).reply(204, "", {}, 3s);
    const auto call = world.start(world.api.get<void>("/r"));
    world.run_for(1500ms); // both run
    const auto stopped = world.start(world.api.shutdown(10s));
    world.VirtualWorld::run();
    REQUIRE(call->outcome);
    CHECK(call->outcome->has_value());
    CHECK(stopped->outcome == 0U);
}

TEST_CASE("A context that ends while two branches wait for a real server is left clean") {
    FaultStep stall;
    stall.cut = {.kind = Cut::Kind::stall, .at_byte = 10};
    FaultScript script;
    script.routes.push_back({.path = "/v1/**", .steps = {stall}, .then = FaultRoute::Then::last});
    SandboxOptions options;
    options.script = script;
    const Sandbox sandbox(std::move(options));
    for (const auto wait : {5ms, 30ms, 60ms}) {
        asio::io_context context;
        ApiClientOptions with;
        with.base_url = sandbox.url() + "/v1";
        with.https.tls.ca_pem = sandbox.ca_pem();
        with.pipeline = standard_hedged({.hedge = {.delay = 20ms}});
        const ApiClient api{context.get_executor(), std::move(with)};
        asio::co_spawn(context, api.get<void>("/resources/12345"), asio::detached);
        context.run_for(wait);
    } // destroyed with the call in flight: what leaks or is used too late is told by the sanitizers
}
