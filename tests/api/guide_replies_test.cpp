#include <backstay/api/api_client.hpp>

#include "support/catch.hpp"

#include "support/api_world.hpp"

/// \file
/// Every JSON block of the API guide, through a client without retries, and what the guide says of it.

using namespace backstay;
using namespace backstay::test;

namespace {

struct GuideWorld : ApiWorld {
    ApiClient api = client({.pipeline = single(), .guide = agentsync_guide()});

    ApiError error(int status, Fields headers = {}) {
        transport->reply(status, read_data("guide/" + std::to_string(status) + ".json"), std::move(headers));
        const auto result = get<Resource>(api);
        REQUIRE_FALSE(result);
        CHECK(result.error().status() == status);
        CHECK(result.error().kind() == kind_of_status(status));
        CHECK(result.error().certainty() ==
              (status == 429 || status == 503 ? Certainty::refused : Certainty::answered));
        CHECK(result.error().attempt_count() == 1);
        return result.error();
    }
};

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("Guide, 200: the resource is in data") {
    GuideWorld world;
    world.transport->reply(200, read_data("guide/200.json"));
    const auto found = world.get<Resource>(world.api);
    REQUIRE(found);
    CHECK(found->id == "12345");
    CHECK(found->name == "Example Resource");
    CHECK(found->created_at == "2024-01-15T10:30:00Z");
}

TEST_CASE("Guide, 201: the new resource comes with a link to itself, which can be followed") {
    GuideWorld world;
    world.transport->reply(201, read_data("guide/201.json")).reply(200, read_data("guide/200.json"));
    const Resource wanted{.name = "New Resource"};
    const auto made = world.await(world.api.post<Reply<Resource>>("/resources", wanted));
    REQUIRE(made);
    CHECK(made->status == 201);
    CHECK(made->data.id == "67890");
    REQUIRE(made->link("self") != nullptr);
    CHECK(*made->link("self") == "/v1/resources/67890");
    CHECK(made->link("next") == nullptr);

    REQUIRE(world.await(world.api.follow<Resource>(*made->link("self"))));
    CHECK(world.sent(0).url.to_string() == "https://api.test/v1/resources"); // a path is appended to the base
    CHECK(world.sent(1).url.to_string() == "https://api.test/v1/resources/67890"); // a link is resolved
}

TEST_CASE("Guide, 204: a deletion answers with nothing") {
    GuideWorld world;
    world.transport->reply(204);
    CHECK(world.await(world.api.del<void>("/resources/12345")));
}

TEST_CASE("Guide, 400: one complaint about one field, called issue") {
    GuideWorld world;
    const auto error = world.error(400);
    CHECK(error.code() == "bad_request");
    CHECK(error.description() == "Invalid JSON in request body");
    CHECK(error.details() == std::vector<FieldError>{{"email", "Invalid email format"}});
    CHECK(error.details_json() == R"({"field":"email","issue":"Invalid email format"})");
    CHECK_FALSE(error.retryable());
}

TEST_CASE("Guide, 401: the token is wrong") {
    GuideWorld world;
    const auto error = world.error(401);
    CHECK(error.code() == "unauthorized");
    CHECK(error.description() == "Invalid or expired access token");
    CHECK(error.details().empty());
    CHECK(error.details_json().empty());
    CHECK(error.advice() == Lines{"Check if the access token is valid", "Refresh the token if expired",
                                  "Verify credentials are correct"});
    CHECK(error.user_message() == "Please sign in again.");
}

TEST_CASE("Guide, 403: the permission is missing") {
    GuideWorld world;
    const auto error = world.error(403);
    CHECK(error.code() == "forbidden");
    CHECK(error.description() == "You do not have permission to access this resource");
    CHECK(error.advice() ==
          Lines{"Verify you have the required permissions", "Contact DevOps if you need additional access"});
}

TEST_CASE("Guide, 404: there is no such resource") {
    GuideWorld world;
    const auto error = world.error(404);
    CHECK(error.code() == "not_found");
    CHECK(error.description() == "Resource with ID '12345' not found");
    CHECK(error.advice() == Lines{"Verify the resource ID is correct", "Check if the resource was deleted",
                                  "Ensure you're using the correct environment"});
    CHECK_THAT(std::string{error.user_message()}, !ContainsSubstring("12345"));
}

TEST_CASE("Guide, 409: the identifier exists already, which is final") {
    GuideWorld world;
    const auto error = world.error(409);
    CHECK(error.code() == "conflict");
    CHECK(error.description() == "A resource with this identifier already exists");
    CHECK_FALSE(error.retryable());
    CHECK(error.advice() == ApiGuide{}.advice(FailureKind::conflict)); // the guide has no lines of its own
}

TEST_CASE("Guide, 422: a list of complaints, called message") {
    GuideWorld world;
    const auto error = world.error(422);
    CHECK(error.code() == "validation_error");
    CHECK(error.description() == "Request validation failed");
    CHECK(error.details() ==
          std::vector<FieldError>{{"email", "Email is required"}, {"phone", "Invalid phone number format"}});
}

TEST_CASE("Guide, 429: the body names the wait") {
    GuideWorld world;
    const auto error = world.error(429);
    CHECK(error.code() == "rate_limit_exceeded");
    CHECK(error.description() == "Too many requests");
    CHECK(error.retry_after() == Duration{45s});
    CHECK(error.hint_source() == "body");
    CHECK(error.retryable());
    CHECK(error.advice() == Lines{"See Rate Limits for handling strategies."});
}

TEST_CASE("Guide, 500: the request id is in the body") {
    GuideWorld world;
    const auto error = world.error(500, fields({{"X-Request-Id", "of the proxy"}}));
    CHECK(error.code() == "internal_error");
    CHECK(error.description() == "An unexpected error occurred");
    CHECK(error.request_id() == "req-abc123");
    CHECK(error.attempts().at(0).request_id == "req-abc123");
    CHECK_THAT(to_string(error), ContainsSubstring("request_id=req-abc123"));
    CHECK(error.advice() ==
          Lines{"Retry with exponential backoff", "Report persistent errors to DevOps with the request_id"});
}

TEST_CASE("Guide, 503: maintenance for five minutes") {
    GuideWorld world;
    const auto error = world.error(503);
    CHECK(error.code() == "service_unavailable");
    CHECK(error.description() == "Service is under maintenance");
    CHECK(error.retry_after() == Duration{5min});
    CHECK(error.advice() == Lines{"Check status.agentsync.io for updates", "Retry after the indicated time"});
}

// The guide's sample code differs from the guide, and this library from the sample.

TEST_CASE("Sample code: only 200 is a success there, any 2xx is one here") {
    for (const int status : {200, 201, 202, 203, 204, 206}) {
        GuideWorld world;
        world.transport->reply(status);
        CHECK(world.get<void>(world.api));
    }
}

TEST_CASE("Sample code: a 429 that names no wait means 60 s there, and no wait that a server named here") {
    GuideWorld world;
    world.transport->reply(429, R"({"error":"rate_limit_exceeded"})");
    const auto result = world.get<Resource>(world.api);
    REQUIRE_FALSE(result);
    CHECK_FALSE(result.error().retry_after());

    // by option, the retry waits as the sample does
    Classifier classifier;
    classifier.rate_limited_default_wait = 60s;
    auto patient_api = world.client({.pipeline = patient({.retry = {.classifier = classifier}})});
    world.transport->reply(429).reply(200, read_data("guide/200.json"));
    const auto began = world.now();
    REQUIRE(world.get<Resource>(patient_api));
    CHECK(world.now() - began >= 60s);
}

TEST_CASE("Sample code: the header alone is read there; here the body follows, as the guide's text has it") {
    GuideWorld world;
    const auto error = world.error(429, fields({{"Retry-After", "7"}}));
    CHECK(error.retry_after() == Duration{7s});
    CHECK(error.hint_source() == "header");
}

TEST_CASE("Sample code: an error body that is no JSON throws there, and is an error as any other here") {
    GuideWorld world;
    world.transport->reply(502, "<html><body><h1>502 Bad Gateway</h1></body></html>",
                           fields({{"Content-Type", "text/html"}, {"X-Request-Id", "edge-1"}}));
    const auto result = world.get<Resource>(world.api);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == FailureKind::bad_gateway);
    CHECK(result.error().code().empty());
    CHECK(result.error().description().empty());
    CHECK(result.error().request_id() == "edge-1");
    REQUIRE(result.error().response() != nullptr);
    CHECK_THAT(result.error().response()->body(), ContainsSubstring("502 Bad Gateway"));
}
