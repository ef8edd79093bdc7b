#include <backstay/testing/detail/guide_api.hpp>

#include "support/catch.hpp"

#include <boost/json.hpp>

#include <string>

using namespace backstay;
using namespace std::chrono_literals;
using detail::sandbox::ApiReply;
using detail::sandbox::ApiRequest;
using detail::sandbox::GuideApi;

namespace {

constexpr WallTime in_the_guide{std::chrono::seconds{1705314600}}; // 2024-01-15T10:30:00Z

struct World {
    explicit World(SandboxApiOptions options = SandboxApiOptions()) : api(with_clock(std::move(options))) {}

    static SandboxApiOptions with_clock(SandboxApiOptions options) {
        options.wall_clock = [] { return in_the_guide; };
        return options;
    }

    ApiReply ask(const std::string& method, const std::string& target, const std::string& body = {},
                 Fields fields = {}) {
        return api.answer({.method = method, .target = target, .fields = std::move(fields), .body = body},
                          "req-7", now);
    }

    GuideApi api;
    TimePoint now{1h};
};

Fields field(const std::string& name, const std::string& value) {
    Fields fields;
    fields.add(name, value);
    return fields;
}

/// Equal as JSON, the order of keys included.
void check_body(const ApiReply& reply, const char* expected) {
    CHECK(reply.body == boost::json::serialize(boost::json::parse(expected)));
}

std::string value_of(const ApiReply& reply, const char* name) {
    const std::string* const value = reply.fields.find(name);
    return value != nullptr ? *value : "none";
}

} // namespace

TEST_CASE("every status of the guide has the guide's body", "[guide_api]") {
    struct Row {
        int status;
        const char* body;
    };
    const Row rows[] = {
        {200,
         R"({"data": {"id": "12345", "name": "Example Resource", "created_at": "2024-01-15T10:30:00Z"}})"},
        {201, R"({"data": {"id": "67890", "name": "New Resource", "created_at": "2024-01-15T10:30:00Z"},
                  "links": {"self": "/v1/resources/67890"}})"},
        {400, R"({"error": "bad_request", "error_description": "Invalid JSON in request body",
                  "details": {"field": "email", "issue": "Invalid email format"}})"},
        {401, R"({"error": "unauthorized", "error_description": "Invalid or expired access token"})"},
        {403, R"({"error": "forbidden",
                  "error_description": "You do not have permission to access this resource"})"},
        {404, R"({"error": "not_found", "error_description": "Resource with ID '12345' not found"})"},
        {409,
         R"({"error": "conflict", "error_description": "A resource with this identifier already exists"})"},
        {422, R"({"error": "validation_error", "error_description": "Request validation failed",
                  "details": [{"field": "email", "message": "Email is required"},
                              {"field": "phone", "message": "Invalid phone number format"}]})"},
        {429,
         R"({"error": "rate_limit_exceeded", "error_description": "Too many requests", "retry_after": 45})"},
        {500, R"({"error": "internal_error", "error_description": "An unexpected error occurred",
                  "request_id": "req-abc123"})"},
        {502, R"({"error": "bad_gateway", "error_description": "Upstream service error",
                  "request_id": "req-abc123"})"},
        {503, R"({"error": "service_unavailable", "error_description": "Service is under maintenance",
                  "retry_after": 300})"},
        {504, R"({"error": "gateway_timeout", "error_description": "Upstream service timeout",
                  "request_id": "req-abc123"})"},
        {418, R"({"error": "status_418", "error_description": ""})"},
    };
    World world;
    for (const Row& row : rows) {
        const ApiReply reply = world.ask("GET", "/v1/status/" + std::to_string(row.status));
        INFO(row.status);
        CHECK(reply.status == row.status);
        check_body(reply, row.body);
    }
    for (const int status : {202, 204, 304}) {
        const ApiReply reply = world.ask("GET", "/v1/status/" + std::to_string(status));
        CHECK(reply.status == status);
        CHECK(reply.body.empty());
    }
    CHECK(value_of(world.ask("GET", "/v1/status/429"), "Retry-After") == "45");
    CHECK(value_of(world.ask("GET", "/v1/status/503"), "Retry-After") == "300");
    CHECK(value_of(world.ask("GET", "/v1/status/500"), "Retry-After") == "none");
    CHECK(world.ask("GET", "/v1/status/999").status == 400);
    CHECK(world.ask("GET", "/v1/status/2o0").status == 400);
}

TEST_CASE("the guide's resource is there from the start", "[guide_api]") {
    World world;
    const ApiReply reply = world.ask("GET", "/v1/resources/12345");
    CHECK(reply.status == 200);
    check_body(
        reply,
        R"({"data": {"id": "12345", "name": "Example Resource", "created_at": "2024-01-15T10:30:00Z"}})");
}

TEST_CASE("a created resource can be read, changed and deleted", "[guide_api]") {
    World world;
    const ApiReply made = world.ask("POST", "/v1/resources", R"({"name": "New Resource", "unknown": 1})");
    CHECK(made.status == 201);
    CHECK(value_of(made, "Location") == "/v1/resources/67890");
    check_body(made,
               R"({"data": {"id": "67890", "name": "New Resource", "created_at": "2024-01-15T10:30:00Z"},
                         "links": {"self": "/v1/resources/67890"}})");

    const ApiReply patched = world.ask("PATCH", "/v1/resources/67890", R"({"email": "a@b.example"})");
    CHECK(patched.status == 200);
    check_body(patched,
               R"({"data": {"id": "67890", "name": "New Resource", "created_at": "2024-01-15T10:30:00Z",
                                     "email": "a@b.example"}})");
    const ApiReply put = world.ask("PUT", "/v1/resources/67890", R"({"name": "Other"})");
    CHECK(put.status == 200);
    CHECK(put.body.find("email") == std::string::npos);

    CHECK(world.ask("DELETE", "/v1/resources/67890").status == 204);
    const ApiReply gone = world.ask("GET", "/v1/resources/67890");
    CHECK(gone.status == 404);
    check_body(gone, R"({"error": "not_found", "error_description": "Resource with ID '67890' not found"})");
    CHECK(world.ask("DELETE", "/v1/resources/67890").status == 404);
    CHECK(world.ask("PUT", "/v1/resources/67890", R"({"name": "x"})").status == 404);

    std::string effects;
    for (const Effect& effect : world.api.take_effects()) {
        effects += std::to_string(static_cast<int>(effect.kind)) + effect.id + effect.request_id + " ";
    }
    CHECK(effects == "067890req-7 167890req-7 167890req-7 267890req-7 ");
    CHECK(world.api.take_effects().empty());
}

TEST_CASE("an identifier or a name that exists is a conflict", "[guide_api]") {
    World world;
    for (const char* body : {R"({"id": "12345", "name": "x"})", R"({"name": "Example Resource"})"}) {
        const ApiReply reply = world.ask("POST", "/v1/resources", body);
        CHECK(reply.status == 409);
        check_body(
            reply,
            R"({"error": "conflict", "error_description": "A resource with this identifier already exists"})");
    }
    CHECK(world.ask("POST", "/v1/resources", R"({"id": "mine", "name": "x"})").status == 201);
    CHECK(world.ask("PATCH", "/v1/resources/mine", R"({"name": "Example Resource"})").status == 409);
    CHECK(world.ask("PATCH", "/v1/resources/mine", R"({"name": "x"})").status == 200);
}

TEST_CASE("a body that is not as the guide asks is refused with details", "[guide_api]") {
    World world;
    struct Row {
        const char* body;
        int status;
        const char* details;
    };
    const Row rows[] = {
        {R"({"name":)", 400, R"({"field":"body","issue":"incomplete JSON"})"},
        {"[]", 400, R"({"field":"body","issue":"Expected a JSON object"})"},
        {R"({"name":"x","email":"nobody"})", 400, R"({"field":"email","issue":"Invalid email format"})"},
        {R"({"name":"x","email":"a b@c.d"})", 400, R"({"field":"email","issue":"Invalid email format"})"},
        {R"({"name":"x","email":"a@b@c.d"})", 400, R"({"field":"email","issue":"Invalid email format"})"},
        {"{}", 422, R"([{"field":"name","message":"Name is required"}])"},
        {R"({"name":""})", 422, R"([{"field":"name","message":"Name must not be empty"}])"},
        {R"({"name":7})", 422, R"([{"field":"name","message":"Must be a string"}])"},
        {R"({"name":"x","phone":"12"})", 422,
         R"([{"field":"email","message":"Email is required"},{"field":"phone","message":"Invalid phone number format"}])"},
        {R"({"name":"x","email":"a@b.c","phone":"+49 30 no"})", 422,
         R"([{"field":"phone","message":"Invalid phone number format"}])"},
    };
    for (const Row& row : rows) {
        INFO(row.body);
        const ApiReply reply = world.ask("POST", "/v1/resources", row.body);
        CHECK(reply.status == row.status);
        CHECK(boost::json::serialize(boost::json::parse(reply.body).at("details")) == row.details);
    }
    CHECK(world.ask("POST", "/v1/resources", R"({"name":"x","email":"a@b.c","phone":"+49 (30) 1234567"})")
              .status == 201);
    CHECK(world.api.take_effects().size() == 1);
}

TEST_CASE("the list is cut into pages that link to the next", "[guide_api]") {
    World world;
    CHECK(world.ask("POST", "/v1/resources", R"({"id": "2", "name": "Second"})").status == 201);
    CHECK(world.ask("POST", "/v1/resources", R"({"id": "3", "name": "Third"})").status == 201);
    const auto page = [&world](const std::string& query) {
        return boost::json::parse(world.ask("GET", "/v1/resources" + query).body);
    };
    CHECK(page("").at("data").as_array().size() == 3);
    CHECK_FALSE(page("").at("links").as_object().contains("next"));
    const auto first = page("?limit=2");
    CHECK(first.at("data").at(1).at("id") == "2");
    CHECK(first.at("links").at("next") == "/v1/resources?limit=2&after=2");
    const auto second = page("?limit=2&after=2");
    CHECK(second.at("data").as_array().size() == 1);
    CHECK(second.at("data").at(0).at("name") == "Third");
    CHECK(world.ask("GET", "/v1/resources?limit=0").status == 400);
    CHECK(world.ask("GET", "/v1/resources?limit=2x").status == 400);
}

TEST_CASE("with a token every request must bring it", "[guide_api]") {
    World world(SandboxApiOptions{.token = "secret", .read_only_token = "reader"});
    const auto ask = [&world](const char* method, const char* authorization) {
        return world.ask(method, "/v1/resources/12345", "",
                         *authorization != '\0' ? field("authorization", authorization) : Fields());
    };
    const ApiReply missing = ask("GET", "");
    CHECK(missing.status == 401);
    check_body(missing,
               R"({"error": "unauthorized", "error_description": "Invalid or expired access token"})");
    CHECK(value_of(missing, "WWW-Authenticate") == "Bearer");
    CHECK(ask("GET", "Bearer wrong").status == 401);
    CHECK(ask("GET", "Bearer secret").status == 200);
    CHECK(ask("GET", "Bearer reader").status == 200);
    const ApiReply forbidden = ask("DELETE", "Bearer reader");
    CHECK(forbidden.status == 403);
    check_body(forbidden, R"({"error": "forbidden",
                              "error_description": "You do not have permission to access this resource"})");
    CHECK(ask("DELETE", "Bearer secret").status == 204);
}

TEST_CASE("a replaced token is refused, and the one that reads only is not touched", "[guide_api]") {
    World world(SandboxApiOptions{.token = "secret", .read_only_token = "reader"});
    const auto ask = [&world](const char* authorization) {
        return world.ask("GET", "/v1/resources/12345", "", field("authorization", authorization)).status;
    };
    world.api.replace_token("renewed");
    CHECK(ask("Bearer secret") == 401);
    CHECK(ask("Bearer renewed") == 200);
    CHECK(ask("Bearer reader") == 200);
    world.api.replace_token("");
    CHECK(world.ask("GET", "/v1/resources/12345").status == 200);
}

TEST_CASE("requests beyond the rate are refused until the window ends", "[guide_api]") {
    World world(SandboxApiOptions{.rate_limit = 2, .rate_window = 10s});
    CHECK(world.ask("GET", "/v1/resources").status == 200);
    world.now += 3500ms;
    CHECK(world.ask("GET", "/v1/resources").status == 200);
    const ApiReply refused = world.ask("GET", "/v1/resources");
    CHECK(refused.status == 429);
    CHECK(value_of(refused, "Retry-After") == "7"); // 6.5 s, never early
    check_body(
        refused,
        R"({"error": "rate_limit_exceeded", "error_description": "Too many requests", "retry_after": 7})");
    world.now += 6499ms;
    CHECK(world.ask("GET", "/v1/resources").status == 429);
    world.now += 1ms;
    CHECK(world.ask("GET", "/v1/resources").status == 200);
}

TEST_CASE("the same idempotency key gets the same reply and changes nothing again", "[guide_api]") {
    World world;
    const Fields key = field("Idempotency-Key", "k1");
    const ApiReply first = world.ask("POST", "/v1/resources", R"({"name": "Once"})", key);
    const ApiReply again = world.ask("POST", "/v1/resources", R"({"name": "Once"})", key);
    CHECK(first.status == 201);
    CHECK(again.status == 201);
    CHECK(again.body == first.body);
    CHECK(value_of(first, "Idempotent-Replayed") == "none");
    CHECK(value_of(again, "Idempotent-Replayed") == "true");
    CHECK(world.ask("POST", "/v1/resources", R"({"name": "Else"})", key).status == 422);

    const auto effects = world.api.take_effects();
    REQUIRE(effects.size() == 1);
    CHECK(effects[0].idempotency_key == "k1");
    CHECK(world.ask("POST", "/v1/resources", R"({"name": "Once"})", field("Idempotency-Key", "k2")).status ==
          409);
}

TEST_CASE("a failure of the server is not kept under an idempotency key", "[guide_api]") {
    World world;
    const Fields key = field("Idempotency-Key", "k1");
    CHECK(value_of(world.ask("POST", "/v1/status/503", "", key), "Idempotent-Replayed") == "none");
    CHECK(value_of(world.ask("POST", "/v1/status/503", "", key), "Idempotent-Replayed") == "none");
}

TEST_CASE("a job is accepted", "[guide_api]") {
    World world;
    const ApiReply reply = world.ask("POST", "/v1/jobs", "{}");
    CHECK(reply.status == 202);
    check_body(reply, R"({"data": {"id": "job-1", "status": "accepted"}})");
    CHECK(world.api.take_effects().at(0).kind == Effect::Kind::accepted);
}

TEST_CASE("what the API does not have is refused", "[guide_api]") {
    World world;
    for (const char* target :
         {"/", "/v1", "/v1/resource", "/v1/resourcesx/1", "/v1/resources/", "/v1/resources/1/2", ""}) {
        INFO(target);
        CHECK(world.ask("GET", target).status == 404);
    }
    CHECK(value_of(world.ask("DELETE", "/v1/resources"), "Allow") == "GET, HEAD, POST");
    CHECK(world.ask("POST", "/v1/resources/12345").status == 405);
    CHECK(world.ask("GET", "/v1/jobs").status == 405);
}

TEST_CASE("a full store answers 503", "[guide_api]") {
    World world(SandboxApiOptions{.max_resources = 1});
    CHECK(world.ask("POST", "/v1/resources", R"({"name": "x"})").status == 503);
}

TEST_CASE("options out of range are refused by name", "[guide_api]") {
    CHECK_THROWS_WITH(World(SandboxApiOptions{.rate_limit = -1}),
                      "sandbox: api.rate_limit is -1, it must be 0 (no limit) or more");
    CHECK_THROWS_WITH(World(SandboxApiOptions{.rate_window = 0s}),
                      "sandbox: api.rate_window is 0 s, it must be 1 s or more");
    CHECK_THROWS_WITH(World(SandboxApiOptions{.read_only_token = "r"}),
                      "sandbox: api.read_only_token needs api.token beside it");
}
