#include "api/client_core.hpp"

#include "support/api_world.hpp"
#include "support/catch.hpp"

#include <string>
#include <utility>

// Whose credential a call carries keeps its shared state apart, whether or not somebody named it.

using namespace backstay;
using namespace backstay::test;

namespace {

/// Answers at once.
struct Answering final : Transport {
    bool refuses = false; ///< with a wait of 20 s
    asio::awaitable<expected<Response, TransportError>> send(const Request& /*request*/,
                                                             CallContext& /*call*/) override {
        if (refuses) {
            co_return Response{ResponseParts{.status = 429, .body = R"({"retry_after":20})"}};
        }
        co_return Response{ResponseParts{.status = 204}};
    }
};

/// Clients over one pipeline, some of which are told to wait.
struct SharedPipeline : World {
    std::shared_ptr<Answering> transport = std::make_shared<Answering>();
    ResponsePipeline pipeline = single({.total_timeout = 8s});

    ApiClient with(ApiClientOptions options) {
        options.base_url = "https://api.test";
        options.transport = transport;
        options.pipeline = pipeline;
        options.runtime = &runtime;
        return ApiClient{context.get_executor(), std::move(options)};
    }
    FailureKind get(const ApiClient& api, CallOptions options) {
        const auto result = test::run<ApiResult<void>>(*this, api.get<void>("/r", std::move(options)));
        return result ? FailureKind::none : result.error().kind();
    }
    void hold_back(const ApiClient& api, CallOptions options = {}) {
        transport->refuses = true;
        CHECK(get(api, std::move(options)) == FailureKind::rate_limited);
        transport->refuses = false;
    }
    bool held_back(const ApiClient& api, CallOptions options = {}) {
        const FailureKind kind = get(api, std::move(options));
        CHECK((kind == FailureKind::none || kind == FailureKind::cooling_down));
        return kind == FailureKind::cooling_down;
    }
};

} // namespace

TEST_CASE("two clients with different tokens over one pipeline do not hold each other back") {
    SharedPipeline world;
    const auto one = world.with({.bearer = "one"});
    const auto other = world.with({.bearer = "other"});
    world.hold_back(one);
    CHECK(world.held_back(one));
    CHECK_FALSE(world.held_back(other));
}

TEST_CASE("copies of a bearer are one credential, and so are those with one name") {
    SharedPipeline world;
    const BearerToken bearer = "one";
    const auto one = world.with({.bearer = bearer});
    CHECK_FALSE(world.held_back(world.with({.bearer = bearer})));
    world.hold_back(one);
    CHECK(world.held_back(world.with({.bearer = bearer})));
    CHECK(world.held_back(one.with(CallOptions{}.operation("derived"))));

    world.hold_back(world.with({.bearer = "a", .credential = "billing"}));
    CHECK(world.held_back(world.with({.bearer = "b", .credential = "billing"})));
}

TEST_CASE("an equal token makes no equal name: names are not derived from tokens") {
    SharedPipeline world;
    world.hold_back(world.with({.bearer = "canary"}));
    CHECK_FALSE(world.held_back(world.with({.bearer = "canary"})));
    const detail::ClientCore core{world.context.get_executor(),
                                  {.base_url = "https://api.test", .bearer = "canary"}};
    CHECK_THAT(core.credential, ContainsSubstring("bearer#") && !ContainsSubstring("canary"));
}

TEST_CASE("clients with an Authorization of their own in their headers are apart; without any, they share") {
    SharedPipeline world;
    const auto basic = [](const char* value) { return fields({{"Authorization", value}}); };
    world.hold_back(world.with({.headers = basic("Basic a")}));
    CHECK_FALSE(world.held_back(world.with({.headers = basic("Basic b")})));
    world.hold_back(world.with({}));
    CHECK(world.held_back(world.with({})));
}

TEST_CASE("calls with an Authorization of their own do not count under the client's name") {
    SharedPipeline world;
    const auto api = world.with({.bearer = "one", .credential = "billing"});
    const auto own = CallOptions{}.header("Authorization", "Basic a");
    world.hold_back(api, own);
    CHECK_FALSE(world.held_back(api));
    CHECK(world.held_back(api, own));
    CHECK_FALSE(world.held_back(api, CallOptions{own}.partition("another tenant")));
    CHECK_FALSE(world.held_back(api.with(own))); // a client for another credential
}
