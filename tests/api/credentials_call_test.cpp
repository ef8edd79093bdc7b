#include <backstay/api/credentials.hpp>

#include "support/catch.hpp"

#include "support/policy_call.hpp"
#include "support/token_world.hpp"

#include <backstay/pipeline/named.hpp>

#include <optional>
#include <stdexcept>

// What the stage does to a call and its options, beside the token itself.

using namespace backstay;
using namespace backstay::test;

TEST_CASE("the repeat after a 401 is charged neither to the retry budget nor to the attempts") {
    TokenWorld world;
    RetryOptions retry;
    const RetryBudget budget = *retry.budget;
    const auto api = world.client(world.bearer(), {.pipeline = world.pipeline(retry)});
    CHECK(world.get(api));
    world.run_for(1min);
    world.server->valid = "none";
    world.on_fetched = [&world] { world.server->instead = {500, 500, 500}; };
    const auto error = world.get(api).error();
    CHECK(error.kind() == FailureKind::server_error);
    CHECK(error.stop_reason() == StopReason::attempts_exhausted);
    CHECK(error.attempt_count() == 4); // 401 500 500 500
    CallSettings settings;
    settings.key.origin = "https://api.test:443";
    CHECK(budget.snapshot(world.now(), settings.key).withdrawn == 2);
}

TEST_CASE("a 401 in a later attempt is repeated, but only once in a call") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    world.on_fetched = [&world] {
        if (world.fetched == 1) {
            world.server->instead = {503, 401, 503, 401, 401};
        }
    };
    const auto error = world.get(api).error();
    CHECK(error.kind() == FailureKind::unauthorized);
    CHECK(error.attempt_count() == 4);
    CHECK(world.fetched == 2);
}

TEST_CASE("a repeat after a 401 that is refused here leaves the 401 standing") {
    TokenWorld world;
    CircuitBreaker breaker{CircuitBreakerOptions()};
    std::optional<CircuitBreaker::Isolation> isolation;
    const RetryOptions retry{.backoff = {.base = 1s, .jitter = Jitter::none}};
    const auto api = world.client(
        world.bearer(), {.pipeline = Pipeline{TotalTimeout{30s}, Retry{retry}, Credentials{}, breaker}});
    CHECK(world.get(api));
    world.run_for(1min);
    world.on_fetched = [&] { isolation.emplace(breaker.isolate()); };
    SECTION("at once") {
        world.server->valid = "none";
        const auto error = world.get(api).error();
        CHECK(error.kind() == FailureKind::unauthorized);
        CHECK(error.stop_reason() == StopReason::refused);
        CHECK(error.refused_by() == RefusedBy::circuit_breaker);
        CHECK(error.attempt_count() == 1);
    }
    SECTION("a refusal of a later attempt is Retry's to judge") {
        world.on_fetched = nullptr;
        world.server->instead = {401, 503};
        world.fetch_time = 0s;
        const auto call = world.start(api.get<void>("/r"));
        world.run_for(500ms); // 401, then 503
        isolation.emplace(breaker.isolate());
        world.run();
        const auto error = call->outcome->error();
        CHECK(error.kind() == FailureKind::service_unavailable);
        CHECK(error.stop_reason() == StopReason::refused);
        CHECK(error.attempt_count() == 2);
    }
}

TEST_CASE("a POST is repeated after a 401, under the same idempotency key") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    world.on_fetched = [&world] {
        if (world.fetched == 1) {
            world.server->instead = {401};
        }
    };
    CHECK(run<ApiResult<void>>(world, api.post<void>("/orders", 1, CallOptions{}.idempotency_key("auto"))));
    REQUIRE(world.server->seen.size() == 2);
    const auto* const key = world.server->seen[0].fields.find("Idempotency-Key");
    REQUIRE(key != nullptr);
    CHECK(*key == *world.server->seen[1].fields.find("Idempotency-Key"));
    CHECK(world.server->tokens[0] != world.server->tokens[1]);
}

TEST_CASE("a call with a credential of its own is left alone") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    const auto error = world.get(api, CallOptions{}.header("Authorization", "Basic x")).error();
    CHECK(error.kind() == FailureKind::unauthorized);
    CHECK(error.attempt_count() == 1);
    CHECK(world.fetched == 0);
}

TEST_CASE("fixed tokens and those of a function are not refreshed, and need no stage") {
    TokenWorld world;
    for (const BearerToken& bearer : {BearerToken{"old"}, BearerToken{[] { return std::string{"old"}; }}}) {
        CHECK_FALSE(bearer.refreshes());
        for (const auto& pipeline : {world.pipeline({}), single()}) {
            const auto api = world.client(bearer, {.pipeline = pipeline});
            const auto error = world.get(api).error();
            CHECK(error.kind() == FailureKind::unauthorized);
            CHECK(error.attempt_count() == 1);
        }
    }
    CHECK(world.server->tokens == std::vector<std::string>(4, "Bearer old"));
}

TEST_CASE("a call whose time is up while it waits for the first token was never sent") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    const auto began = world.now();
    Started<ApiResult<void>> call;
    start(world, call, api.get<void>("/r", CallOptions{}.timeout(50ms)));
    world.run_for(50ms);
    REQUIRE(call.outcome);
    CHECK(call.outcome->error().kind() == FailureKind::deadline_exceeded);
    CHECK(call.outcome->error().certainty() == Certainty::not_sent);
    world.run();
    CHECK(world.now() - began == 100ms); // the refresh went on
    CHECK(world.get(api));
    CHECK(world.fetched == 1);
}

TEST_CASE("a call whose time is up while it waits for the repeat ends with its 401") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    CHECK(world.get(api));
    world.run_for(1min);
    world.server->valid = "none";
    const auto error = world.get(api, CallOptions{}.timeout(50ms)).error();
    CHECK(error.kind() == FailureKind::unauthorized);
    CHECK(error.stop_reason() == StopReason::deadline);
    CHECK(world.fetched == 2);
}

TEST_CASE("a call that passes the stage by takes the token that is there") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    const auto without = CallOptions{}.without(Stage::credentials);
    const auto none = world.get(api, without).error();
    CHECK(none.kind() == FailureKind::invalid_request);
    CHECK(none.certainty() == Certainty::not_sent);
    CHECK_THAT(none.message(), ContainsSubstring("there is no token yet"));
    CHECK(world.server->seen.empty());
    CHECK(world.get(api));
    CHECK(world.get(api, without));
    world.server->valid = "none";
    CHECK(world.get(api, without).error().attempt_count() == 1);
    CHECK(world.fetched == 1);
}

TEST_CASE("two clients that share a token share its refresh") {
    TokenWorld world;
    const auto bearer = world.bearer();
    const auto one = world.client(bearer);
    const auto other = world.client(bearer);
    Started<ApiResult<void>> first;
    Started<ApiResult<void>> second;
    start(world, first, one.get<void>("/r"));
    start(world, second, other.get<void>("/r"));
    world.run();
    CHECK(first.outcome.value());
    CHECK(second.outcome.value());
    CHECK(world.fetched == 1);
    CHECK(bearer.current() == "token-1");
}

TEST_CASE("a pipeline without the stage is refused, because nobody would refresh the token") {
    TokenWorld world;
    const auto lacking = [] { return ResponsePipeline{Pipeline{TotalTimeout{30s}, AttemptTimeout{8s}}}; };
    try {
        (void)world.client(world.bearer(), {.pipeline = lacking()});
        FAIL("it was accepted");
    } catch (const std::invalid_argument& error) {
        CHECK_THAT(error.what(), ContainsSubstring("ApiClientOptions.pipeline has no stage Credentials"));
    }
    const auto api = world.client(world.bearer());
    CHECK_THROWS_AS(api.with(lacking()), std::invalid_argument);
    CHECK_NOTHROW(api.with(Pipeline{Named<"mine", Credentials>{Credentials{}}}));
}

TEST_CASE("a refresh is told to the observer of the client that began it, a failed one too") {
    struct Watch final : Observer {
        Watch() : Observer(EventSet{}.add(EventType::credential_refreshed)) {}
        struct Seen {
            FailureKind kind;
            Duration duration;
            std::string origin;
            TimePoint at;
        };
        std::vector<Seen> seen;
        void on_event(const Event& event) override {
            seen.push_back({event.kind, event.duration, std::string{event.origin}, event.at});
        }
    } watch;
    TokenWorld world;
    const auto api = world.client(world.bearer(), {.pipeline = world.pipeline({}), .observer = &watch});
    const auto broken = Failure{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};
    world.fetch_error = ApiError{broken};
    CHECK_FALSE(world.get(api));
    world.run_for(1s);
    world.fetch_error.reset();
    CHECK(world.get(api));
    REQUIRE(watch.seen.size() == 2);
    CHECK(watch.seen[0].kind == FailureKind::server_error);
    CHECK(watch.seen[1].kind == FailureKind::none);
    CHECK(watch.seen[1].duration == 100ms);
    CHECK(watch.seen[1].origin == "https://api.test:443");
    CHECK(watch.seen[1].at == world.now() - 10ms);
}

TEST_CASE("without a token to refresh, the stage lets everything through") {
    TimePoint now = start_of_test;
    PolicyCall<Credentials> call(Credentials{}, now);
    CHECK(call.admit().answer == Admission::Answer::proceed);
    CHECK(call.fail(reply(401)).answer == Verdict::Answer::pass);
    CHECK(call.succeed().answer == Verdict::Answer::pass);
    CHECK(Credentials{}.clone().describe().name == "credentials");
    CHECK(Credentials{}.describe().queues);
}
