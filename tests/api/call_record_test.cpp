#include "api/call_record.hpp"

#include "support/catch.hpp"

#include "support/api_world.hpp"
#include "support/event_recorder.hpp"

#include <backstay/telemetry/metrics_observer.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

using namespace backstay;
using namespace backstay::test;

// What is told of an ApiClient's call. Spans are in call_trace_test, secrets in telemetry_secrets_test.

namespace {

EventSet ends() {
    return EventSet().add(EventType::call_ended);
}

struct ThrowingObserver final : Observer {
    void on_event(const Event&) override { throw std::runtime_error("no"); }
};

const std::string one = R"({"data":{"id":"1","name":"one"}})";

} // namespace

TEST_CASE("The end of a call is told once it is decoded") {
    ApiWorld world;
    EventRecorder recorder{ends().add_texts()};
    auto api = world.client({.pipeline = standard(), .observer = &recorder});
    world.transport->reply({.status = 201,
                            .fields = fields({{"X-Request-Id", "r1"}}),
                            .body = one,
                            .exchange = {.remote = "h:1"}},
                           30ms);
    CHECK(world.get<Resource>(api, "/r", CallOptions{}.operation("get r").timeout(10s)));
    REQUIRE(recorder.events.size() == 1);
    const Event& event = recorder.events[0];
    CHECK(event.kind == FailureKind::none);
    CHECK(event.status == 201);
    CHECK(event.attempt == 1);
    CHECK(event.certainty == Certainty::answered);
    CHECK(event.duration == 30ms);
    CHECK(event.delay == 10s - 30ms);
    CHECK(event.origin == "https://api.test:443");
    CHECK(event.operation == "get r");
    CHECK(event.remote == "h:1");
    CHECK(event.request_id == "r1");
    CHECK(event.detail.empty());
    CHECK(event.trace_id.empty());
}

TEST_CASE("A reply that does not decode is a failed call, for events and metrics too") {
    ApiWorld world;
    EventRecorder recorder{ends()};
    MetricsObserver metrics;
    auto api = world.client({.pipeline = single(), .observer = &recorder});
    world.transport->reply(200, R"({"data":{"id":7}})").reply(200, "no json").reply(304).reply(204);
    CHECK_FALSE(world.get<Resource>(api));
    CHECK_FALSE(world.get<Resource>(api, "/r", CallOptions{}.observer(metrics)));
    CHECK_FALSE(world.get<Resource>(api));
    CHECK_FALSE(world.get<Resource>(api));
    REQUIRE(recorder.events.size() == 3);
    CHECK(recorder.events[0].kind == FailureKind::decode_error);
    CHECK(recorder.events[0].status == 200);
    CHECK(recorder.events[0].certainty == Certainty::answered);
    CHECK(recorder.events[1].kind == FailureKind::not_modified);
    CHECK(recorder.events[2].kind == FailureKind::decode_error);
    const auto snapshot = metrics.snapshot();
    CHECK(snapshot.total("backstay.calls", {{"outcome", "decode_error"}}) == 1);
    CHECK(snapshot.total("backstay.attempts", {{"kind", "success"}}) == 1);
}

TEST_CASE("Whatever is asked for, each call ends exactly once") {
    ApiWorld world;
    EventRecorder recorder{ends()};
    auto api = world.client({.pipeline = single(), .observer = &recorder});
    for (int i = 0; i < 6; ++i) {
        world.transport->reply(200, one);
    }
    CHECK(world.get<void>(api));
    CHECK(world.get<Reply<void>>(api));
    CHECK(world.get<Response>(api));
    CHECK(world.get<Reply<Resource>>(api));
    CHECK(world.get<boost::json::value>(api));
    CHECK(world.get<std::optional<Resource>>(api));
    CHECK(recorder.events.size() == 6);
    for (const Event& event : recorder.events) {
        CHECK(event.kind == FailureKind::none);
    }
}

TEST_CASE("A failed call is told with its attempts in words, when somebody wants them") {
    const bool texts = GENERATE(true, false);
    ApiWorld world;
    EventRecorder recorder{texts ? ends().add_texts() : ends()};
    auto api = world.client({.pipeline = standard(), .observer = &recorder});
    world.transport
        ->reply({.status = 503,
                 .fields = fields({{"X-Request-Id", "r; #9 200 success"}, {"Retry-After", "1"}}),
                 .exchange = {.remote = "h:1"}},
                5ms)
        .fail(TransportError{Failure{.kind = FailureKind::connection_lost}}, 2ms)
        .reply({.status = 500, .body = read_data("guide/500.json"), .exchange = {.remote = "h:2"}}, 3ms);
    const auto error = world.get<Resource>(api).error();
    REQUIRE(recorder.events.size() == 1);
    const Event& event = recorder.events[0];
    CHECK(event.kind == FailureKind::server_error);
    CHECK(event.status == 500);
    CHECK(event.attempt == 3);
    CHECK(event.stop_reason == StopReason::attempts_exhausted);
    CHECK(event.certainty == error.certainty());
    CHECK(event.request_id == "req-abc123");
    if (!texts) {
        CHECK(event.detail.empty());
        return;
    }
    CHECK(event.remote == "h:2");
    CHECK_THAT(
        std::string(event.detail),
        ContainsSubstring("#1 503 service_unavailable in 5 ms request_id=r___9_200_success; #2 after ") &&
            ContainsSubstring("connection_lost in 2 ms; #3 after ") &&
            ContainsSubstring("500 server_error in 3 ms request_id=req-abc123"));
    CHECK_THAT(to_string(error), ContainsSubstring(std::string(event.detail)));
}

TEST_CASE("A call that never came to a pipeline has an end too") {
    ApiWorld world;
    EventRecorder recorder{ends().add_texts()};
    auto api = world.client({.pipeline = standard(),
                             .defaults = CallOptions{}.operation("default operation"),
                             .observer = &recorder});
    CHECK_FALSE(world.get<void>(api, "/../r"));
    CHECK_FALSE(world.await(api.post<void>("/r", CallOptions{}.idempotency_key("\n").operation("put r"))));
    (void)world.await([](ApiClient client) -> asio::awaitable<ApiResult<void>> {
        (void)co_await client.shutdown(0s);
        co_return ApiResult<void>{};
    }(api));
    CHECK_FALSE(world.get<void>(api));
    REQUIRE(recorder.events.size() == 3);
    CHECK(recorder.events[0].kind == FailureKind::invalid_request);
    CHECK(recorder.events[0].operation == "default operation");
    CHECK(recorder.events[0].certainty == Certainty::not_sent);
    CHECK(recorder.events[0].at == world.now());
    CHECK(recorder.events[1].operation == "put r");
    CHECK(recorder.events[2].kind == FailureKind::client_closed);
    CHECK(recorder.events[2].refused_by == RefusedBy::client);
    CHECK(recorder.events[2].certainty == Certainty::refused);
}

TEST_CASE("What was wrong with a call or its reply is told in words, without one of the server's") {
    ApiWorld world;
    EventRecorder recorder{ends().add_texts()};
    auto api = world.client({.pipeline = single(), .observer = &recorder});
    const auto told = [&](const std::string& body) {
        world.transport->reply(200, body);
        CHECK_FALSE(world.get<std::map<std::string, std::vector<int>>>(api));
        return std::string(recorder.events.back().message);
    };
    CHECK(told(R"({"data":{"canary":[1,"canary"]}})") ==
          "data[*][1]: expected an integer from -2147483648 to 2147483647");
    CHECK(told(R"({"data":471147})") == "data: expected an object");
    CHECK_THAT(told("canary"), ContainsSubstring("the body is not JSON: ") && !ContainsSubstring("canary"));
    CHECK_THAT(told(R"({"canary":1})"), ContainsSubstring("the body has no member \"data\""));
    CHECK_FALSE(world.get<void>(api, "/r#"));
    CHECK_THAT(std::string(recorder.events.back().message), ContainsSubstring("percent-encode"));
    world.transport->reply(400, R"({"error":"canary","error_description":"canary"})");
    CHECK_FALSE(world.get<void>(api));
    CHECK(recorder.events.back().message.empty());
}

TEST_CASE("A refused call, and a cancelled one, are told as they ended") {
    ApiWorld world;
    EventRecorder recorder{ends()};
    CircuitBreaker breaker{{}};
    const auto isolation = breaker.isolate();
    auto refusing = world.client({.pipeline = standard({.breaker = breaker}), .observer = &recorder});
    CHECK_FALSE(world.get<void>(refusing));
    auto api = world.client({.pipeline = single(), .observer = &recorder});
    world.transport->hang();
    Started<ApiResult<void>> started;
    start(world, started, api.get<void>("/r"));
    world.run_for(1s);
    started.cancel.emit(asio::cancellation_type::terminal);
    world.run();
    REQUIRE(recorder.events.size() == 2);
    CHECK(recorder.events[0].kind == FailureKind::circuit_open);
    CHECK(recorder.events[0].attempt == 0);
    CHECK(recorder.events[0].certainty == Certainty::refused);
    CHECK(recorder.events[1].kind == FailureKind::canceled);
}

TEST_CASE("An attempt is told with status, address, request id and first byte") {
    ApiWorld world;
    EventRecorder recorder{EventSet().add(EventType::attempt_ended).add_texts()};
    auto api = world.client({.pipeline = standard(), .observer = &recorder});
    world.transport->reply({.status = 500, .body = read_data("guide/500.json")})
        .fail(TransportError{Failure{.kind = FailureKind::tls_failed, .reach = Reach::never_sent},
                             {},
                             {.exchange = {.remote = "h:1"}}})
        .reply({.status = 204,
                .fields = fields({{"Request-Id", "r3"}}),
                .exchange = {.remote = "h:2", .first_byte_time = 4ms}});
    CHECK(world.get<void>(api));
    REQUIRE(recorder.events.size() == 3);
    CHECK(recorder.events[0].request_id == "req-abc123");
    CHECK(recorder.events[0].status == 500);
    CHECK(recorder.events[1].remote == "h:1");
    CHECK(recorder.events[1].status == 0);
    CHECK(recorder.events[1].request_id.empty());
    CHECK(recorder.events[2].status == 204);
    CHECK(recorder.events[2].remote == "h:2");
    CHECK(recorder.events[2].request_id == "r3");
    CHECK(recorder.events[2].first_byte_time == 4ms);
}

TEST_CASE("An observer that throws is ignored and counted, and the call goes on") {
    ApiWorld world;
    ThrowingObserver throwing;
    auto api = world.client({.pipeline = standard(), .observer = &throwing});
    world.transport->reply(500).reply(200, one).reply(400);
    CHECK(world.get<Resource>(api));
    const auto before = throwing.dropped();
    CHECK(before >= 6); // two attempts with begin and end, a repeat, and the end
    CHECK(world.get<Resource>(api).error().kind() == FailureKind::bad_request);
    CHECK(throwing.dropped() > before);
}

TEST_CASE("A call that nobody watches has no record") {
    ApiWorld world;
    EventRecorder circuits{EventSet().add(EventType::circuit_opened)};
    const auto core = [&world](ApiClientOptions options) {
        options.base_url = "https://api.test";
        options.transport = world.transport;
        options.runtime = &world.runtime;
        return std::make_shared<const detail::ClientCore>(world.context.get_executor(), std::move(options));
    };
    const auto record = [](const std::shared_ptr<const detail::ClientCore>& client, CallOptions options) {
        return detail::CallRecord::begin(client, {"GET", "/", false, Body{}, std::move(options)});
    };
    CHECK(record(core({}), {}) == nullptr);
    CHECK(record(core({.observer = &circuits}), {}) == nullptr);
    CHECK(record(core({}), CallOptions{}.trace_parent("x")) == nullptr);
    CHECK(record(core({.observer = &circuits}), CallOptions{}.trace_parent("x")) != nullptr);
    CHECK(record(core({.trace = {.propagate = true}}), {}) != nullptr);
    EventRecorder all;
    CHECK(record(core({}), CallOptions{}.observer(all)) != nullptr);
    CHECK(record(core({.defaults = CallOptions{}.observer(all)}), {}) != nullptr);
}

TEST_CASE("Metrics are what the results of random calls say") {
    ApiWorld world;
    MetricsObserver metrics;
    auto api = world.client({.pipeline = standard({.retry = {.max_attempts = 4}}), .observer = &metrics});
    Random random{3};
    std::map<std::string, int> outcomes;
    std::map<std::string, int> kinds;
    int resends = 0;
    for (int call = 0; call < 1'000; ++call) {
        static constexpr std::array<int, 8> statuses{200, 200, 204, 404, 429, 500, 503, 418};
        while (world.transport->left() < 4) {
            const int status = statuses[random.next() % statuses.size()];
            if (random.next() % 9 == 0) {
                world.transport->fail(TransportError{Failure{.kind = FailureKind::connection_lost}}, 1ms);
            } else {
                world.transport->reply(status, status == 200 ? one : "", {},
                                       Duration(random.next() % 1'000'000));
            }
        }
        const auto result = world.get<Reply<Resource>>(api);
        ++outcomes[result ? "success" : std::string(to_string(result.error().kind()))];
        const auto attempts = result ? result->attempts : result.error().attempts();
        for (const Attempt& attempt : attempts) {
            const std::string kind{attempt.kind == FailureKind::none ? "success" : to_string(attempt.kind)};
            ++kinds[kind + " " + std::to_string(attempt.number)];
        }
        resends += std::max(static_cast<int>(attempts.size()) - 1, 0);
        world.runtime.advance(1s);
    }
    const auto snapshot = metrics.snapshot();
    for (const Metric& metric : snapshot.find("backstay.calls")->metrics) {
        outcomes[std::string(metric.label("outcome"))] -= static_cast<int>(metric.value);
    }
    for (const Metric& metric : snapshot.find("backstay.attempts")->metrics) {
        kinds[std::string(metric.label("kind")) + " " + std::string(metric.label("number"))] -=
            static_cast<int>(metric.value);
    }
    CHECK(outcomes.size() > 5);
    CHECK(kinds.size() > 8);
    for (const auto& counts : {outcomes, kinds}) {
        for (const auto& [name, difference] : counts) {
            CAPTURE(name);
            CHECK(difference == 0);
        }
    }
    CHECK(snapshot.total("http.request.resend_count") == resends);
    CHECK(snapshot.total("http.client.request.duration") == snapshot.total("backstay.attempts"));
}
