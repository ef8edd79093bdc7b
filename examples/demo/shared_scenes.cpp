#include "shared_scenes.hpp"

#include "table.hpp"
#include "together.hpp"

#include <backstay/api/bearer_token.hpp>
#include <backstay/api/presets.hpp>

#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace demo {

using namespace backstay;
using namespace std::chrono_literals;

namespace {

/// What the authorization server of the fault script gives.
struct Grant {
    std::string token{};
    std::int64_t expires_in = 0; ///< seconds
};
BOOST_DESCRIBE_STRUCT(Grant, (), (token, expires_in))

asio::awaitable<expected<Token, ApiError>> fetch_token(ApiClient authority) {
    auto grant = co_await authority.post<Grant>("/demo/token");
    if (!grant) {
        co_return fail(std::move(grant.error()));
    }
    co_return Token{.value = std::move(grant->token), .expires_in = std::chrono::seconds{grant->expires_in}};
}

} // namespace

asio::awaitable<void> refresh_a_token(Stage& stage) {
    print_title("A revoked token: fifty callers get 401, one of them fetches another, and each repeats once");
    const ApiClient authority = stage.client(standard(), BearerToken{});
    const RefreshOptions refresh{.min_interval = 100ms}; // here the token is revoked as soon as it is given
    const BearerToken bearer{[authority] { return fetch_token(authority); }, refresh};
    const ApiClient api = stage.client(standard(), bearer);
    const auto lines = [&api](const char* name, const char* call, int callers) {
        std::vector<Line> made(1);
        made[0].name = name;
        made[0].call = call;
        made[0].made = times(callers, [&api] { return api.get<JsonReply>("/resources"); });
        made[0].beside = "/demo/token";
        return made;
    };
    stage.sandbox().replace_token("first-token");
    co_await stage.show(lines("signed in", "GET /resources, no token yet", 1));
    stage.sandbox().replace_token("second-token");
    co_await stage.show(lines("token revoked", "GET /resources", 50));
    stage.sandbox().replace_token("demo-token");
}

asio::awaitable<void> hold_back(Stage& stage) {
    print_title("One 429 holds back all callers with that credential, and nobody else");
    const CoolDown gates;
    const char* const path = "/demo/quota";
    const ApiClient alice = stage.client(standard({.cool_down = gates}), "demo-token", "alice");
    const ApiClient bob = stage.client(standard({.cool_down = gates}), "read-only-token", "bob");
    const ApiClient hasty = alice.with(single({.cool_down = gates}));

    co_await stage.show("quota spent", "GET /demo/quota, Alice", hasty.get<JsonReply>(path));
    const SeenRequest refused = stage.sandbox().requests().back();
    std::vector<Line> lines(2);
    lines[0] = {.name = "others go on",
                .call = "GET /demo/quota, Bob",
                .made = times(5, [&] { return bob.get<JsonReply>(path); }),
                .caller = "bob",
                .since = refused};
    lines[1] = {.name = "its own are held back",
                .call = "GET /demo/quota, Alice",
                .made = times(5, [&] { return alice.get<JsonReply>(path); }),
                .caller = "alice",
                .since = refused};
    co_await stage.show(std::move(lines));
}

asio::awaitable<void> weather_a_storm(Stage& stage) {
    print_title("A retry budget ends a storm: three repeats for forty failures, one more for ten successes");
    // the breaker would end it too; here the budget is alone
    const ApiClient api =
        stage.client(standard()).with(CallOptions{}.without(backstay::Stage::circuit_breaker));
    const auto lines = [&api](const char* name, int callers) {
        std::vector<Line> made(1);
        made[0].name = name;
        made[0].call = "GET /demo/storm";
        made[0].made = times(callers, [&api] { return api.get<JsonReply>("/demo/storm"); });
        return made;
    };
    co_await stage.show(lines("storm", 20));
    co_await stage.show(lines("storm goes on", 20));
    co_await stage.show(lines("storm is over", 10));
    co_await stage.show(lines("storm is forgotten", 1));
}

} // namespace demo
