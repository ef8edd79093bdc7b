#include <backstay/api/idempotency_key.hpp>

#include "support/catch.hpp"

#include "support/api_world.hpp"

#include <vector>

// What an idempotency key means to a call: where it is told, and how long it holds.

using namespace backstay;
using namespace backstay::test;

namespace {

const CallOptions keyed = CallOptions{}.idempotency_key("key-1");

TransportError lost() {
    return TransportError{Failure{.kind = FailureKind::connection_lost, .reach = Reach::maybe_processed}};
}

} // namespace

TEST_CASE("the key is in the error, whatever the call ended with") {
    ApiWorld world;
    auto breaker = CircuitBreaker{};
    const auto api = world.client({.pipeline = single({.breaker = breaker})});
    const auto check = [&](FailureKind kind, CallOptions options = keyed) {
        const auto error = world.await(api.post<Resource>("/r", std::move(options))).error();
        CHECK(error.kind() == kind);
        CHECK(error.idempotency_key() == "key-1");
    };
    world.transport->fail(lost()).reply(422).reply(201, "no JSON").hang();
    check(FailureKind::connection_lost);
    check(FailureKind::validation_error);
    check(FailureKind::decode_error);
    check(FailureKind::deadline_exceeded, CallOptions{keyed}.timeout(1s));
    check(FailureKind::deadline_exceeded, CallOptions{keyed}.timeout(0s)); // nothing was sent
    const auto isolation = breaker.isolate();
    check(FailureKind::circuit_open);
}

TEST_CASE("a fresh key is made for each call, not for each attempt") {
    ApiWorld world;
    const auto api = world.client({.pipeline = standard()});
    world.transport->fail(lost()).reply(204).reply(204);
    const auto automatic = CallOptions{}.idempotency_key("auto");
    const auto first = world.await(api.post<Reply<void>>("/r", automatic));
    const auto second = world.await(api.post<Reply<void>>("/r", automatic));
    REQUIRE(first);
    CHECK(first->attempt_count == 2);
    CHECK(*world.sent(0).fields.find("Idempotency-Key") == '"' + first->idempotency_key + '"');
    CHECK(*world.sent(1).fields.find("Idempotency-Key") == '"' + first->idempotency_key + '"');
    CHECK(*world.sent(2).fields.find("Idempotency-Key") == '"' + second.value().idempotency_key + '"');
    CHECK(first->idempotency_key != second->idempotency_key);
}

TEST_CASE("no attempt begins later than a key's lifetime: a wait that would end after it is not begun") {
    ApiWorld world;
    const auto api = world.client({.pipeline = patient()});
    world.transport->reply(503, R"({"retry_after":240})");
    const auto began = world.now();
    const auto shorter = world.client({.pipeline = patient(), .key_lifetime = 200s});
    const auto error = world.await(shorter.post<void>("/r", keyed)).error();
    CHECK(error.kind() == FailureKind::service_unavailable);
    CHECK(error.stop_reason() == StopReason::deadline);
    CHECK(world.now() == began);
    world.transport->reply(503, R"({"retry_after":240})").reply(204);
    CHECK(world.await(api.post<void>("/r", keyed))); // a day by default
    world.transport->reply(503, R"({"retry_after":240})").reply(204);
    CHECK(world.await(shorter.put<void>("/r", 1))); // without a key there is nothing to outlive
    world.transport->reply(503, R"({"retry_after":240})").reply(204);
    CHECK(world.get<void>(shorter, "/r", CallOptions{}.idempotency_key("auto"))); // a GET gets none
    CHECK(ApiClientOptions{}.key_lifetime == Duration{24h});
}

TEST_CASE(
    "a key that is set as a header by hand is refused: the call would not be known to be safe to repeat") {
    ApiWorld world;
    const auto api =
        world.client({.pipeline = standard(), .defaults = CallOptions{}.idempotency_key("auto")});
    for (const auto& options : {CallOptions{}.header("idempotency-key", "abc"),
                                CallOptions{}.header("Idempotency-Key", "abc").idempotency_key("mine")}) {
        const auto error = world.await(api.post<void>("/r", options)).error();
        CHECK(error.kind() == FailureKind::invalid_request);
        CHECK(error.message() == "the header Idempotency-Key is set by CallOptions::idempotency_key alone");
    }
    CHECK(world.transport->seen().empty());
}

TEST_CASE("no key can be the same for all calls of a client") {
    ApiWorld world;
    const auto api = world.client({.pipeline = single()});
    const std::vector<CallOptions> shared{keyed, CallOptions{}.header("idempotency-key", "key-1")};
    for (const auto& options : shared) {
        CHECK_THROWS_WITH(world.client({.pipeline = single(), .defaults = options}),
                          ContainsSubstring("ApiClientOptions.defaults.") &&
                              ContainsSubstring("would be the same for all calls"));
        CHECK_THROWS_WITH(api.with(options), ContainsSubstring("would be the same for all calls"));
    }
    world.transport->reply(204).reply(204);
    const auto derived = api.with(CallOptions{}.idempotency_key("auto"));
    CHECK(world.await(derived.post<void>("/r")));
    CHECK(world.await(derived.post<void>("/r")));
    CHECK(*world.sent(0).fields.find("Idempotency-Key") != *world.sent(1).fields.find("Idempotency-Key"));
}
