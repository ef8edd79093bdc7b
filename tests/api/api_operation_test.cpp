#include "api/api_operation.hpp"

#include "support/catch.hpp"

#include "support/api_world.hpp"

using namespace backstay;
using namespace backstay::test;

namespace {

const std::string one = R"({"data":{"id":"1","name":"one"}})";

/// Each call makes one attempt, whatever the server said to the one before.
struct SingleWorld : ApiWorld {
    ApiClient api = client({.pipeline = single(), .defaults = CallOptions{}.without(Stage::cool_down)});

    ApiError error(int status, std::string body,
                   std::initializer_list<std::pair<std::string, std::string>> headers) {
        transport->reply(status, std::move(body), fields(headers));
        return get<void>(api).error();
    }
};

TransportError lost() {
    return TransportError{Failure{.kind = FailureKind::connection_lost, .reach = Reach::maybe_processed},
                          std::make_error_code(std::errc::connection_reset),
                          {.message = "the connection was reset", .exchange = {.remote = "127.0.0.1:1"}}};
}

} // namespace

TEST_CASE("A server's wait is taken from the first source that names one") {
    SingleWorld world;
    const auto with_wait = R"({"retry_after":45})";
    const auto check = [](const ApiError& error, std::optional<Duration> wait, std::string_view source) {
        CHECK(error.retry_after() == wait);
        CHECK(error.hint_source() == source);
    };
    check(world.error(429, with_wait, {{"Retry-After", "7"}, {"X-RateLimit-Reset", "9"}}), 7s, "header");
    check(world.error(429, with_wait, {{"Retry-After", "soon"}, {"X-RateLimit-Reset", "9"}}), 45s, "body");
    check(world.error(429, R"({"retry_after":-1})", {{"X-RateLimit-Reset", "9"}}), 9s, "rate_limit");
    check(world.error(429, R"({"retry_after":"12"})", {}), 12s, "body");
    check(world.error(429, R"({"retry_after":1.2})", {}), 2s, "body");
    check(world.error(429, R"({"retry_after":null})", {}), std::nullopt, "");
    check(world.error(429, "<html>", {}), std::nullopt, "");
    check(world.error(503, with_wait, {}), 45s, "body");
    check(world.error(
              429, with_wait,
              {{"Retry-After", "Thu, 01 Jan 2026 00:01:00 GMT"}, {"Date", "Thu, 01 Jan 2026 00:00:30 GMT"}}),
          30s, "header");
    check(world.error(429, with_wait, {{"Retry-After", "Thu, 01 Jan 2026 00:02:00 GMT"}}),
          2min - (world.now().time_since_epoch() - 1h), "header"); // virtual wall time began with the year
}

TEST_CASE("A rate-limit field names a wait only when the limit is used up") {
    SingleWorld world;
    CHECK_FALSE(world.error(503, "", {{"X-RateLimit-Reset", "9"}}).retry_after());
    CHECK_FALSE(
        world.error(500, "", {{"X-RateLimit-Reset", "9"}, {"X-RateLimit-Remaining", "4999"}}).retry_after());
    CHECK(world.error(503, "", {{"X-RateLimit-Reset", "9"}, {"X-RateLimit-Remaining", "0"}}).retry_after() ==
          Duration{9s});
    CHECK(world.error(503, "", {{"RateLimit", "\"default\";r=0;t=30"}}).retry_after() == Duration{30s});
    CHECK_FALSE(world.error(503, "", {{"RateLimit", "\"default\";r=5;t=30"}}).retry_after());
}

TEST_CASE("A field that says by itself that there is a wait is heeded with every failing reply") {
    SingleWorld world;
    for (const int status : {429, 500, 503}) {
        const auto error =
            world.error(status, "", {{"X-RateLimit-Retry-After", "9"}, {"X-RateLimit-Reset", "7"}});
        CHECK(error.retry_after() == Duration{9s});
        CHECK(error.hint_source() == "rate_limit");
    }
}

TEST_CASE("A call that is repeated tells each of its attempts") {
    ApiWorld world;
    auto api = world.client({.pipeline = standard()});
    world.transport->reply(503, R"({"request_id":"a","retry_after":2})", {}, 10ms)
        .fail(lost(), 20ms)
        .reply(200, one, fields({{"X-Request-Id", "c"}}), 30ms);
    const auto reply = world.get<Reply<Resource>>(api);
    REQUIRE(reply);
    REQUIRE(reply->attempts.size() == 3);
    const auto& [first, second, third] = std::tie(reply->attempts[0], reply->attempts[1], reply->attempts[2]);
    CHECK(first.number == 1);
    CHECK(first.kind == FailureKind::service_unavailable);
    CHECK(first.waited == 0s);
    CHECK(first.duration == 10ms);
    CHECK(first.request_id == "a");
    CHECK(first.retry_after == Duration{2s});
    CHECK(first.hint_source == "body");
    CHECK(second.kind == FailureKind::connection_lost);
    CHECK(second.waited >= 2s);
    CHECK(second.duration == 20ms);
    CHECK(second.reach == Reach::maybe_processed);
    CHECK(second.remote == "127.0.0.1:1");
    CHECK(third.number == 3);
    CHECK(third.kind == FailureKind::none);
    CHECK(third.request_id == "c");
    CHECK(reply->attempt_count == 3);
}

TEST_CASE("A wait longer than the call's time is handed to the caller at once") {
    ApiWorld world;
    auto api = world.client({.pipeline = standard()});
    world.transport->reply(429, read_data("guide/429.json"));
    const auto began = world.now();
    const auto error = world.get<void>(api).error();
    CHECK(error.kind() == FailureKind::rate_limited);
    CHECK(error.stop_reason() == StopReason::deadline);
    CHECK(error.retry_after() == Duration{45s});
    CHECK(world.now() == began);
}

TEST_CASE("No reply at all: the error has the cause, and says that it may have happened") {
    SingleWorld world;
    world.transport->fail(lost());
    const auto error = world.await(world.api.post<void>("/orders")).error();
    CHECK(error.kind() == FailureKind::connection_lost);
    CHECK(error.cause() == std::errc::connection_reset);
    CHECK(error.message() == "the connection was reset");
    CHECK(error.certainty() == Certainty::unknown);
    CHECK_FALSE(error.retryable());
    CHECK(error.response() == nullptr);
}

TEST_CASE("An idempotency key is the same on every attempt, and in the error") {
    ApiWorld world;
    int made = 0;
    auto api = world.client(
        {.pipeline = standard(), .idempotency_keys = [&made] { return "key-" + std::to_string(++made); }});
    world.transport->fail(lost()).fail(lost()).fail(lost());
    const auto error = world.await(api.post<void>("/orders", CallOptions{}.idempotency_key("auto"))).error();
    CHECK(error.idempotency_key() == "key-1");
    CHECK(error.certainty() == Certainty::unknown);
    CHECK(error.retryable());
    REQUIRE(world.transport->seen().size() == 3);
    for (const auto& seen : world.transport->seen()) {
        CHECK(*seen.request.fields.find("Idempotency-Key") == "\"key-1\"");
        CHECK(seen.request.safe_to_repeat);
    }
}

TEST_CASE("Without a key, what may have been processed is not repeated unless the caller allows it") {
    ApiWorld world;
    auto api = world.client({.pipeline = standard()});
    world.transport->fail(lost());
    const auto error = world.await(api.post<void>("/orders")).error();
    CHECK(error.stop_reason() == StopReason::unsafe_to_repeat);
    CHECK(error.attempt_count() == 1);
    world.transport->fail(lost()).reply(204);
    CHECK(world.await(api.post<void>("/orders", CallOptions{}.allow_unsafe_retry())));
}

TEST_CASE("A key is made only where one is needed; a given one is sent as it is") {
    SingleWorld world;
    world.transport->reply(204).reply(204).reply(204);
    CHECK(world.get<void>(world.api, "/r", CallOptions{}.idempotency_key("auto")));
    CHECK(world.await(world.api.put<void>("/r", 1, CallOptions{}.idempotency_key("mine"))));
    const auto reply = world.await(world.api.post<Reply<void>>("/r", CallOptions{}.idempotency_key("auto")));
    CHECK_FALSE(world.sent(0).fields.has("Idempotency-Key"));
    CHECK(*world.sent(1).fields.find("Idempotency-Key") == "\"mine\"");
    CHECK(reply.value().idempotency_key.size() == 36);
}

TEST_CASE("When no key can be made, nothing is sent with a weak one") {
    ApiWorld world;
    auto api = world.client(
        {.pipeline = single(), .idempotency_keys = []() -> std::optional<std::string> { return {}; }});
    const auto error = world.await(api.post<void>("/r", CallOptions{}.idempotency_key("auto"))).error();
    CHECK(error.kind() == FailureKind::invalid_request);
    CHECK(world.transport->seen().empty());
}

TEST_CASE("No attempt is made after a key's lifetime") {
    ApiWorld world;
    auto api = world.client(
        {.pipeline = single({.total_timeout = 48h, .attempt_timeout = 10s}), .key_lifetime = 5s});
    world.transport->hang();
    const auto began = world.now();
    const auto error = world.await(api.post<void>("/r", CallOptions{}.idempotency_key("auto"))).error();
    CHECK(error.kind() == FailureKind::deadline_exceeded);
    CHECK(world.now() - began == 5s);
}

TEST_CASE("A conflict with an attempt that is still running is repeated, any other is final") {
    ApiWorld world;
    auto api = world.client({.pipeline = standard(), .in_progress_codes = {"request_in_progress"}});
    const auto keyed = CallOptions{}.idempotency_key("k");
    const auto busy = R"({"error":"request_in_progress"})";
    world.transport->reply(409, busy).reply(204);
    CHECK(world.await(api.post<void>("/r", keyed)));

    world.transport->reply(409, read_data("guide/409.json"));
    CHECK(world.await(api.post<void>("/r", keyed)).error().stop_reason() == StopReason::not_retryable);
    world.transport->reply(409, busy);
    CHECK(world.await(api.post<void>("/r")).error().attempt_count() == 1); // no key: not the same request
}

TEST_CASE("Each attempt carries the token that is current when it is built") {
    ApiWorld world;
    int calls = 0;
    auto api =
        world.client({.pipeline = standard(), .bearer = [&calls] { return "t" + std::to_string(++calls); }});
    world.transport->reply(500).reply(204).reply(204);
    CHECK(world.get<void>(api));
    CHECK(*world.sent(0).fields.find("Authorization") == "Bearer t1");
    CHECK(*world.sent(1).fields.find("Authorization") == "Bearer t2");
    CHECK(world.get<void>(api, "/r", CallOptions{}.header("Authorization", "Basic x")));
    CHECK(*world.sent(2).fields.find("Authorization") == "Basic x");
    CHECK(calls == 2);
}

TEST_CASE("A token source that throws, or gives what no field can hold, fails the call and sends nothing") {
    ApiWorld world;
    auto throwing = world.client({.pipeline = single(), .bearer = []() -> std::string { throw 1; }});
    const auto thrown = world.get<void>(throwing).error();
    CHECK(thrown.kind() == FailureKind::exception);
    CHECK(thrown.certainty() == Certainty::not_sent);
    CHECK(thrown.attempt_count() == 1);
    auto broken =
        world.client({.pipeline = single(), .bearer = [] { return std::string{"canary\r\nX: y"}; }});
    const auto invalid = world.get<void>(broken).error();
    CHECK(invalid.kind() == FailureKind::invalid_request);
    CHECK_THAT(to_string(invalid), !ContainsSubstring("canary"));
    CHECK(world.transport->seen().empty());
}

TEST_CASE("No secret is in an error's text") {
    ApiWorld world;
    auto api = world.client({.pipeline = standard(), .bearer = "canary-token"});
    world.transport->reply(401, read_data("guide/401.json"));
    const auto options = CallOptions{}
                             .query("api_key", "canary-query")
                             .header("Cookie", "canary-cookie")
                             .idempotency_key("canary-key");
    const auto error = world.await(api.post<void>("/r?canary=canary-path", options)).error();
    CHECK(*world.sent().fields.find("Authorization") == "Bearer canary-token");
    for (const auto& text :
         {to_string(error), error.message(), std::string{error.user_message()}, error.description()}) {
        CHECK_THAT(text, !ContainsSubstring("canary"));
    }
}

TEST_CASE("A call's own time ends it: timeout, deadline, the earlier of both") {
    SingleWorld world;
    for (const auto& options :
         {CallOptions{}.timeout(2s), CallOptions{}.deadline(world.now() + 2s + 2s).timeout(2s),
          CallOptions{}.deadline(world.now() + 6s)}) {
        world.transport->hang();
        const auto began = world.now();
        const auto error = world.get<void>(world.api, "/r", options).error();
        CHECK(error.kind() == FailureKind::deadline_exceeded);
        CHECK(world.now() - began == 2s);
    }
    CHECK(world.get<void>(world.api, "/r", CallOptions{}.timeout(0s)).error().attempt_count() == 0);
}

TEST_CASE("A call passes a stage by, and limits a server's wait") {
    ApiWorld world;
    auto api = world.client({.pipeline = standard()});
    world.transport->reply(500);
    CHECK(world.get<void>(api, "/r", CallOptions{}.without(Stage::retry)).error().attempt_count() == 1);
    world.transport->reply(503, R"({"retry_after":2})");
    const auto error = world.get<void>(api, "/r", CallOptions{}.max_server_wait(1s)).error();
    CHECK(error.stop_reason() == StopReason::server_wait_too_long);
}

TEST_CASE("Calls are spaced by the quota that the server's replies tell, when a cool-down paces") {
    ApiWorld world;
    auto api = world.client({.pipeline = Pipeline{CoolDown{{.pace = true}}}});
    world.transport->reply(204, "", fields({{"RateLimit", R"("default";r=4;t=20)"}}));
    world.transport->reply(204).reply(204); // tells nothing: the pace stands
    const TimePoint began = world.now();
    CHECK(world.get<void>(api));
    CHECK(world.get<void>(api));
    const TimePoint second = world.now();
    CHECK(world.get<void>(api));
    CHECK(second - began <= 5s);
    CHECK(world.now() - second == 5s);
}

TEST_CASE("A good reply that spends the quota holds the next call back until it is granted anew") {
    ApiWorld world;
    auto api = world.client({.pipeline = Pipeline{CoolDown{{.spread_max = 0s, .pace = true}}}});
    world.transport->reply(204, "", fields({{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "7"}}));
    world.transport->reply(204);
    const TimePoint began = world.now();
    CHECK(world.get<void>(api));
    CHECK(world.now() == began);
    CHECK(world.get<void>(api));
    CHECK(world.now() - began == 7s);
}

TEST_CASE("A request carries its limit of the reply's size, policies and observers its labels") {
    struct Watch final : Observer {
        std::vector<std::string> seen;
        void on_event(const Event& event) override {
            seen.push_back(std::string{event.origin} + " " + std::string{event.operation});
        }
    } ours, theirs;
    ApiWorld world;
    auto api = world.client({.pipeline = single(), .observer = &ours});
    world.transport->reply(204).reply(204);
    CHECK(world.get<void>(api, "/r?secret=1", CallOptions{}.max_body(7).operation("get r")));
    CHECK(world.sent().max_body_bytes == 7U);
    REQUIRE_FALSE(ours.seen.empty());
    CHECK(ours.seen[0] == "https://api.test:443 get r");
    CHECK(world.get<void>(api, "/r?secret=1", CallOptions{}.observer(theirs)));
    REQUIRE_FALSE(theirs.seen.empty());
    CHECK(theirs.seen[0] == "https://api.test:443 GET");
}

TEST_CASE("A refused repeat leaves the caller with the server's reply") {
    ApiWorld world;
    auto breaker = CircuitBreaker{{.consecutive_failures = 1}};
    auto api = world.client({.pipeline = standard({.breaker = breaker})});
    world.transport->reply(500, read_data("guide/500.json"));
    const auto error = world.get<void>(api).error();
    CHECK(error.kind() == FailureKind::server_error);
    CHECK(error.request_id() == "req-abc123");
    CHECK(error.stop_reason() == StopReason::refused);
    CHECK(error.refused_by() == RefusedBy::circuit_breaker);
    const auto refused = world.get<void>(api).error();
    CHECK(refused.kind() == FailureKind::circuit_open);
    CHECK(refused.attempt_count() == 0);
    CHECK(refused.retry_after());
    CHECK(refused.certainty() == Certainty::refused);
}
