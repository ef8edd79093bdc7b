#include <backstay/api/api_client.hpp>

#include "support/catch.hpp"

#include "support/api_world.hpp"

#include <stdexcept>

using namespace backstay;
using namespace backstay::test;

namespace {

const std::string one =
    R"({"data":{"id":"1","name":"one","later":true},"links":{"self":"/v1/r/1","next":null}})";

struct SingleWorld : ApiWorld {
    ApiClient api = client({.pipeline = single()});
};

} // namespace

TEST_CASE("A described struct is decoded from data; a field that is new to it is ignored") {
    SingleWorld world;
    world.transport->reply(200, one);
    const auto found = world.get<Resource>(world.api);
    REQUIRE(found);
    CHECK(found->name == "one");
    CHECK_FALSE(found->created_at);
}

TEST_CASE("A reply tells status, links, headers, request id and attempts") {
    SingleWorld world;
    world.transport->reply({.status = 200,
                            .fields = fields({{"X-Request-Id", "r1"}, {"ETag", "e"}}),
                            .body = one,
                            .exchange = {.remote = "127.0.0.1:1", .reused = true}},
                           30ms);
    const auto reply = world.get<Reply<Resource>>(world.api);
    REQUIRE(reply);
    CHECK(reply->data.id == "1");
    CHECK(reply->status == 200);
    CHECK(reply->links == Links{{"self", "/v1/r/1"}});
    CHECK(*reply->headers.find("etag") == "e");
    CHECK(reply->request_id == "r1");
    REQUIRE(reply->attempts.size() == 1);
    CHECK(reply->attempts[0].kind == FailureKind::none);
    CHECK(reply->attempts[0].duration == 30ms);
    CHECK(reply->attempts[0].request_id == "r1");
    CHECK(reply->attempts[0].remote == "127.0.0.1:1");
    CHECK(reply->attempts[0].reused);
}

TEST_CASE("JSON and the raw response are had as they came") {
    SingleWorld world;
    world.transport->reply(200, one).reply(200, "not json").reply(200, "not json");
    const auto value = world.get<boost::json::value>(world.api);
    REQUIRE(value);
    CHECK(value->at("later") == true);
    const auto raw = world.get<Response>(world.api);
    REQUIRE(raw);
    CHECK(raw->body() == "not json");
    const auto reply = world.get<Reply<Response>>(world.api);
    REQUIRE(reply);
    CHECK(reply->data.body() == "not json");
    CHECK(reply->attempt_count == 1);
}

TEST_CASE("An absent body suits void, optionals and JSON, and nothing else") {
    for (const int status : {200, 202, 204}) {
        SingleWorld world;
        for (int i = 0; i < 7; ++i) {
            world.transport->reply(status, i % 2 == 0 ? "" : " \r\n");
        }
        CHECK(world.get<void>(world.api));
        CHECK(world.get<Reply<void>>(world.api).value().status == status);
        CHECK(world.get<std::optional<Resource>>(world.api).value() == std::nullopt);
        CHECK_FALSE(world.get<Reply<std::optional<Resource>>>(world.api).value().data);
        CHECK(world.get<boost::json::value>(world.api).value().is_null());
        CHECK(world.get<Response>(world.api).value().status() == status);
        const auto none = world.get<Resource>(world.api);
        REQUIRE_FALSE(none);
        CHECK(none.error().kind() == FailureKind::decode_error);
        CHECK(none.error().accepted());
        CHECK(none.error().status() == status);
    }
}

TEST_CASE("A 202 with a body has data") {
    SingleWorld world;
    world.transport->reply(202, one);
    CHECK(world.get<Resource>(world.api).value().id == "1");
}

TEST_CASE("A reply without a body tells its links all the same") {
    SingleWorld world;
    world.transport->reply(202, R"({"links":{"status":"/v1/jobs/1"}})");
    const auto reply = world.await(world.api.post<Reply<void>>("/jobs"));
    REQUIRE(reply);
    CHECK(*reply->link("status") == "/v1/jobs/1");
}

TEST_CASE("A 304 is an answer to those who asked for the response or an optional") {
    SingleWorld world;
    world.transport->reply(304).reply(304).reply(304).reply(304);
    CHECK(world.get<Response>(world.api).value().status() == 304);
    CHECK(world.get<std::optional<Resource>>(world.api).value() == std::nullopt);
    for (const auto& error : {world.get<Resource>(world.api).error(), world.get<void>(world.api).error()}) {
        CHECK(error.kind() == FailureKind::not_modified);
        CHECK_FALSE(error.accepted());
    }
}

TEST_CASE("A 2xx whose body does not suit did happen, and the error names the place") {
    SingleWorld world;
    world.transport->reply(201, R"({"data":{"id":7,"name":"x"},"request_id":"r9"})")
        .reply(200, "{\"data\":")
        .reply(200, "[]")
        .reply(200, "{}")
        .reply(200, R"({"data":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}");
    const auto wrong = world.await(world.api.post<Resource>("/resources"));
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().kind() == FailureKind::decode_error);
    CHECK(wrong.error().status() == 201);
    CHECK(wrong.error().accepted());
    CHECK(wrong.error().certainty() == Certainty::answered);
    CHECK_FALSE(wrong.error().retryable());
    CHECK(wrong.error().message() == "data.id: expected a string, found 7");
    CHECK(wrong.error().request_id() == "r9");
    for (const auto* part :
         {"the body is not JSON: ",
          "the body is no object with a member \"data\": where the body itself is the data",
          "the body has no member \"data\": where the body itself is the data, set Codec.envelope to "
          "Envelope::none",
          "the body is not JSON: "}) {
        const auto error = world.get<Resource>(world.api).error();
        CHECK(error.kind() == FailureKind::decode_error);
        CHECK_THAT(error.message(), ContainsSubstring(part));
    }
}

TEST_CASE("Only null in the envelope is empty data: a body without the envelope is no answer to anything") {
    SingleWorld world;
    world.transport->reply(200, R"({"data":null})").reply(200, R"({"x":1})").reply(200, R"({"x":1})");
    CHECK(world.get<std::optional<Resource>>(world.api).value() == std::nullopt);
    const auto error = world.get<std::optional<Resource>>(world.api).error();
    CHECK(error.kind() == FailureKind::decode_error);
    CHECK_THAT(error.message(), ContainsSubstring("the body has no member \"data\""));
    CHECK(world.get<boost::json::value>(world.api).error().kind() == FailureKind::decode_error);
}

TEST_CASE("The envelope is an option") {
    ApiWorld world;
    const auto flat = R"({"id":"1","name":"flat"})";
    auto none = world.client({.pipeline = single(), .codec = {.envelope = Envelope::none}});
    auto optional = world.client({.pipeline = single(), .codec = {.envelope = Envelope::optional}});
    world.transport->reply(200, flat)
        .reply(200, flat)
        .reply(200, one)
        .reply(200, R"({"name":"no id"})")
        .reply(200, "[3]");
    CHECK(world.get<Resource>(none).value().name == "flat");
    CHECK(world.get<Resource>(optional).value().name == "flat");
    CHECK(world.get<Resource>(optional).value().name == "one");
    CHECK(world.get<Resource>(none).error().message() == "id: expected a string, found nothing");
    CHECK(world.get<std::vector<int>>(optional).value() == std::vector<int>{3});
}

TEST_CASE("Each method is sent as it is named, a body as JSON") {
    SingleWorld world;
    for (int i = 0; i < 7; ++i) {
        world.transport->reply(204);
    }
    const Resource body{.id = "1", .name = "é"};
    CHECK(world.get<void>(world.api));
    CHECK(world.await(world.api.head<void>("r")));
    CHECK(world.await(world.api.del<void>("r")));
    CHECK(world.await(world.api.post<void>("r", body)));
    CHECK(world.await(world.api.put<void>("r", body)));
    CHECK(world.await(world.api.patch<void>("r", boost::json::value{{"name", nullptr}})));
    CHECK(world.await(world.api.request<void>("OPTIONS", "r", Body{"text/plain", "as it is"})));
    const char* const methods[]{"GET", "HEAD", "DELETE", "POST", "PUT", "PATCH", "OPTIONS"};
    for (std::size_t i = 0; i < 7; ++i) {
        CHECK(world.sent(i).method == methods[i]);
        CHECK(world.sent(i).safe_to_repeat == (i != 3 && i != 5));
        CHECK(*world.sent(i).fields.find("Accept") == "application/json");
    }
    CHECK(world.sent(3).body == "{\"id\":\"1\",\"name\":\"é\"}");
    CHECK(*world.sent(3).fields.find("Content-Type") == "application/json");
    CHECK(world.sent(5).body == R"({"name":null})");
    CHECK(world.sent(6).body == "as it is");
    CHECK(*world.sent(6).fields.find("Content-Type") == "text/plain");
    CHECK_FALSE(world.sent(0).fields.has("Content-Type"));
}

TEST_CASE("What cannot be sent is invalid_request, and is not sent") {
    SingleWorld world;
    const auto check = [&](const ApiResult<void>& result, const char* part) {
        REQUIRE_FALSE(result);
        CHECK(result.error().kind() == FailureKind::invalid_request);
        CHECK(result.error().certainty() == Certainty::not_sent);
        CHECK_THAT(result.error().message(), ContainsSubstring(part));
    };
    check(world.get<void>(world.api, "/a b"), "");
    check(world.get<void>(world.api, "/a", CallOptions{}.header("X-A", "1\r\nX-B: 2")), "");
    check(world.get<void>(world.api, "/a", CallOptions{}.header("Content-Length", "2")), "Content-Length");
    check(world.await(world.api.request<void>("GE T", "/a")), "");
    check(world.await(world.api.post<void>("/a", 0.0 / 0.0)), "NaN");
    check(world.await(world.api.post<void>("/a", CallOptions{}.idempotency_key("caf\xc3\xa9"))),
          "printable ASCII");
    check(world.await(world.api.follow<void>("https://evil.test/v1/x")), "another origin");
    check(world.await(world.api.follow<void>("//evil.test/v1/x")), "another origin");
    check(world.await(world.api.follow<void>("http://api.test/v1/x")), "another origin");
    check(world.await(world.api.follow<void>("https://api.test:8443/v1/x")), "another origin");
    CHECK(world.transport->seen().empty());
}

TEST_CASE("The client's guide advises on errors that no server knows of as well") {
    ApiWorld world;
    ApiGuide::Table table;
    for (const auto kind : {FailureKind::circuit_open, FailureKind::invalid_request, FailureKind::exception,
                            FailureKind::client_closed}) {
        table[kind] = {.advice = {"Ask the harbour master"}};
    }
    CircuitBreaker breaker;
    const auto isolated = breaker.isolate();
    auto api = world.client({.pipeline = single({.breaker = breaker}),
                             .guide = ApiGuide{table},
                             .idempotency_keys = []() -> std::optional<std::string> { throw 1; }});
    const auto check = [](const ApiError& error, FailureKind kind) {
        CHECK(error.kind() == kind);
        CHECK(error.advice() == std::vector<std::string>{"Ask the harbour master"});
    };
    check(world.get<void>(api).error(), FailureKind::circuit_open);
    check(world.get<void>(api, "/a b").error(), FailureKind::invalid_request);
    check(world.await(api.post<void>("/r", CallOptions{}.idempotency_key("auto"))).error(),
          FailureKind::exception);
    test::run<std::size_t>(world, api.shutdown(0s));
    check(world.get<void>(api).error(), FailureKind::client_closed);
}

TEST_CASE("Queries are encoded; defaults yield to what a call sets") {
    ApiWorld world;
    auto api = world.client({.pipeline = single(),
                             .headers = fields({{"X-Tenant", "default"}, {"X-Many", "1"}, {"X-Many", "2"}})});
    world.transport->reply(204).reply(204);
    CHECK(world.get<void>(api, "/r?a=1", CallOptions{}.query("q", "x&y=z").header("x-tenant", "mine")));
    CHECK(world.sent().url.target() == "/v1/r?a=1&q=x%26y%3Dz");
    CHECK(world.sent().fields.size() == 4);
    CHECK(*world.sent().fields.find("X-Tenant") == "mine");

    const auto derived = api.with(CallOptions{}.query("v", "2").header("Accept", "application/vnd.api+json"));
    CHECK(world.get<void>(derived, "/r"));
    CHECK(world.sent(1).url.target() == "/v1/r?v=2");
    CHECK(*world.sent(1).fields.find("Accept") == "application/vnd.api+json");
    CHECK(*world.sent(1).fields.find("X-Tenant") == "default");
}

TEST_CASE("A client with a wrong option is not made") {
    ApiWorld world;
    const auto why = [&](ApiClientOptions options) -> std::string {
        try {
            (void)world.client(std::move(options));
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "made";
    };
    CHECK_THAT(why({.base_url = "api.test"}),
               ContainsSubstring("is \"api.test\": it must be an absolute https URL"));
    CHECK_THAT(why({.headers = fields({{"X", "a\nb"}})}), ContainsSubstring("headers"));
    CHECK_THAT(why({.headers = fields({{"Idempotency-Key", "k"}})}),
               ContainsSubstring("headers") && ContainsSubstring("CallOptions::idempotency_key"));
    CHECK_THAT(why({.bearer = "canary\n"}), ContainsSubstring("bearer") && !ContainsSubstring("canary"));
    CHECK_THAT(why({.codec = {.max_depth = 0}}),
               ContainsSubstring("ApiClientOptions.codec.max_depth is 0, allowed is 1 to 1000"));
    CHECK_THAT(why({.idempotency_keys = {}}), ContainsSubstring("idempotency_keys"));
    CHECK_THAT(why({.key_lifetime = 0s}), ContainsSubstring("key_lifetime is 0"));
    CHECK(why({}) == "made");
}

TEST_CASE("A call is started when it is awaited, and owns what it needs") {
    ApiWorld world;
    world.transport->reply(200, one);
    std::optional<ApiClient> api = world.client({.pipeline = single()});
    auto call = api->get<Resource>(std::string{"/resources/"} + "1", CallOptions{}.operation("get one"));
    CHECK(world.transport->seen().empty());
    api.reset();
    CHECK(world.await(std::move(call)));
}
