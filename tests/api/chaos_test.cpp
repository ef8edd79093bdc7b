#include <backstay/policy/chaos.hpp>

#include "support/catch.hpp"

#include "support/api_world.hpp"

#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/retry.hpp>

using namespace backstay;
using namespace backstay::test;

// What a caller of the client sees of chaos in its pipeline.

namespace {

ApiClientOptions with(const ChaosOptions& chaos) {
    RetryOptions retry;
    retry.max_attempts = 2;
    return {.pipeline = Pipeline{Retry(retry), AttemptTimeout(1s), Chaos::for_tests(chaos)}};
}

} // namespace

TEST_CASE("An injected 503 is the server's answer to a caller, and no request is sent") {
    ApiWorld world;
    const ApiClient api = world.client(with({.status_rate = 1, .server_wait = 2s}));
    const auto found = world.get<Resource>(api);
    REQUIRE_FALSE(found);
    CHECK(found.error().kind() == FailureKind::service_unavailable);
    CHECK(found.error().status() == 503);
    CHECK(found.error().retry_after() == 2s);
    CHECK(found.error().stop_reason() == StopReason::attempts_exhausted);
    CHECK(found.error().refused_by() == RefusedBy::none);
    CHECK(world.transport->seen().empty());
}

TEST_CASE(
    "After an injected loss, and after lateness past the attempt's limit, it is unknown what happened") {
    for (const bool late : {false, true}) {
        ApiWorld world;
        const ApiClient api = world.client(
            with(late ? ChaosOptions{.latency_rate = 1, .latency = 5s} : ChaosOptions{.failure_rate = 1}));
        const auto made = world.await(api.post<Resource>("/resources", Resource()));
        REQUIRE_FALSE(made);
        CHECK(made.error().kind() == (late ? FailureKind::attempt_timeout : FailureKind::connection_lost));
        CHECK(made.error().certainty() == Certainty::unknown);
        CHECK(world.transport->seen().empty());
    }
}

TEST_CASE("A call that is held up is answered then") {
    ApiWorld world;
    const ApiClient api = world.client(with({.latency_rate = 1, .latency = 300ms}));
    world.transport->reply(200, R"({"data":{"id":"1","name":"one"}})");
    const TimePoint began = world.now();
    const auto found = world.get<Resource>(api);
    REQUIRE(found);
    CHECK(found->name == "one");
    CHECK(world.now() - began == 300ms);
}
