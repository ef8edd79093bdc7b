#include <backstay/api/reply.hpp>

#include "support/catch.hpp"

#include "support/api_world.hpp"

#include <backstay/pipeline/fallback.hpp>

using namespace backstay;
using namespace backstay::test;

namespace {

const std::string one = R"({"data":{"id":"1","name":"one"}})";

struct FallbackWorld : ApiWorld {
    ApiClient api = client({.pipeline = single()});

    template <class T, class A>
    ApiResult<T> get(const Fallback<A>& fallback) {
        return await(fallback(api.template get<T>("/r")));
    }
};

} // namespace

TEST_CASE("A reply that the server gave is no fallback, one that was made here says so") {
    FallbackWorld world;
    const Fallback last_known{Resource{.id = "1", .name = "cached"}};
    world.transport->reply(200, one).reply(500);
    const auto real = world.get<Reply<Resource>>(last_known);
    REQUIRE(real);
    CHECK_FALSE(real->is_fallback);
    CHECK(real->data.name == "one");
    const auto made = world.get<Reply<Resource>>(last_known);
    REQUIRE(made);
    CHECK(made->is_fallback);
    CHECK(made->data.name == "cached");
    CHECK(made->status == 0);
}

TEST_CASE("A fallback may give a whole reply, plain data, or nothing") {
    FallbackWorld world;
    world.transport->reply(500).reply(500).reply(500).reply(500);
    Reply<Resource> whole;
    whole.data.name = "whole";
    whole.request_id = "r1";
    const auto reply = world.get<Reply<Resource>>(Fallback{whole});
    REQUIRE(reply);
    CHECK(reply->is_fallback);
    CHECK(reply->request_id == "r1");
    CHECK(world.get<Resource>(Fallback{whole.data}).value().name == "whole");
    CHECK(world.get<Reply<void>>(Fallback{Reply<void>{}}).value().is_fallback);
    CHECK_FALSE(world.get<std::optional<Resource>>(Fallback{std::optional<Resource>{}}).value());
}

TEST_CASE("Another call is a fallback, and the first error stands when that fails too") {
    FallbackWorld world;
    const Fallback mirror{[api = world.api](const ApiError&) { return api.get<Reply<Resource>>("/mirror"); }};
    world.transport->reply(500, R"({"request_id":"first"})").reply(200, one);
    const auto reply = world.get<Reply<Resource>>(mirror);
    REQUIRE(reply);
    CHECK(reply->is_fallback);
    CHECK(reply->attempt_count == 1); // of the call that gave it
    CHECK(world.sent(1).url.target() == "/v1/mirror");
    world.transport->reply(500, R"({"request_id":"first"})").reply(404);
    const auto error = world.get<Reply<Resource>>(mirror).error();
    CHECK(error.kind() == FailureKind::server_error);
    CHECK(error.request_id() == "first");
}
