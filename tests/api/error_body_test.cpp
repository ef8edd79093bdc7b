#include <backstay/api/api_client.hpp>

#include "support/catch.hpp"

#include "support/api_world.hpp"

#include <backstay/policy/hedge.hpp>

using namespace backstay;
using namespace backstay::test;

namespace {

constexpr std::size_t text_limit = 1024;

struct SingleWorld : ApiWorld {
    ApiClient api = client({.pipeline = single()});

    ApiError error(std::string body) {
        transport->reply(422, std::move(body));
        return get<void>(api).error();
    }
};

std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

} // namespace

TEST_CASE("An error body over 256 KiB says nothing, as one that is no JSON; the reply has it whole") {
    const std::string start = R"({"error":"too_much","details":[")";
    const std::string end = R"("]})";
    const std::string fits =
        start + std::string(std::size_t{256} * 1024 - start.size() - end.size(), 'a') + end;
    SingleWorld world;
    CHECK(world.error(fits).code() == "too_much");
    const auto error = world.error(fits + " ");
    CHECK(error.kind() == FailureKind::validation_error);
    CHECK(error.code().empty());
    CHECK(error.details_json().empty());
    REQUIRE(error.response() != nullptr);
    CHECK(error.response()->body().size() == fits.size() + 1);
}

TEST_CASE("Of the complaints in an error body the first hundred are kept") {
    std::string list;
    for (int i = 0; i < 101; ++i) {
        list.append(i > 0 ? "," : "").append(quoted(std::to_string(i)));
    }
    SingleWorld world;
    const auto error = world.error(R"({"details":[)" + list + "]}");
    REQUIRE(error.details().size() == 100);
    CHECK(error.details().back().message == "99");
    CHECK_THAT(error.details_json(), ContainsSubstring("\"100\""));
}

TEST_CASE("Each text of an error body is cut after a kilobyte, between characters") {
    const std::string text = std::string(text_limit - 1, 'a') + "\xc3\xa4";
    SingleWorld world;
    const auto error = world.error(R"({"error":)" + quoted(text) + R"(,"error_description":)" + quoted(text) +
                                   R"(,"request_id":)" + quoted(text) + R"(,"details":[{"field":)" +
                                   quoted(text) + R"(,"message":)" + quoted(text) + "}]}");
    const std::string cut(text_limit - 1, 'a');
    CHECK(error.code() == cut);
    CHECK(error.description() == cut);
    CHECK(error.request_id() == cut);
    CHECK(error.details() == std::vector<FieldError>{{cut, cut}});
    CHECK(error.attempts().at(0).request_id == cut);
}

TEST_CASE("A request id that an attempt's line keeps is cut as well when it comes from a header") {
    SingleWorld world;
    world.transport->reply(500, "", fields({{"X-Request-Id", std::string(4'000, 'r')}}));
    const auto error = world.get<void>(world.api).error();
    CHECK(error.request_id() == std::string(text_limit, 'r'));
    CHECK(error.attempts().at(0).request_id == std::string(text_limit, 'r'));
}

TEST_CASE("The error says what the body of the reply says with which the call ended, not of a later one") {
    ApiWorld world;
    Hedge hedge({.delay = 10ms});
    const auto api = world.client({.pipeline = Pipeline{hedge}});
    world.transport->reply(500, R"({"error":"first"})", {}, 50ms)
        .reply(500, R"({"error":"second"})", {}, 80ms);
    const auto error = world.get<void>(api).error();
    CHECK(error.attempt_count() == 2);
    CHECK(error.code() == "first");
}
