#include "api/token_refresh.hpp"

#include "support/catch.hpp"

#include "support/token_world.hpp"

#include "scarce_memory.hpp"

#include <stdexcept>
#include <string_view>

// A refresh for which memory runs out: whoever waits is told, and the next one may begin. It runs out for the
// sentence that the error is to have, and not for Asio, which does not outlive that itself.

using namespace backstay;
using namespace backstay::test;

namespace {

using Call = Started<ApiResult<void>>;
using Given = expected<Token, ApiError>;

/// What a string allocates for it.
constexpr std::size_t room_for(std::string_view text) {
    return text.size() + 1;
}

} // namespace

TEST_CASE("memory that runs out for an error's words does not lock the token for good") {
    TokenWorld world;
    bool throws = true;
    const auto provider = [&]() -> asio::awaitable<Given> {
        (void)co_await nap(world.runtime, 100ms);
        if (throws) {
            throw std::runtime_error("secret");
        }
        world.server->valid = "token";
        co_return Token{.value = "token"};
    };
    const auto api = world.client(BearerToken{provider});
    Call call;
    start(world, call, api.get<void>("/r"));
    world.run_for(50ms);
    bool ran_out = false;
    {
        const ScarceMemory memory(0, room_for("the provider threw an exception"));
        world.run_for(100ms);
        ran_out = memory.ran_out();
    }
    CHECK(ran_out);
    REQUIRE(call.outcome);
    CHECK(call.outcome->error().kind() == FailureKind::exception);
    CHECK(call.outcome->error().refused_by() == RefusedBy::credentials);
    throws = false;
    world.run_for(1min);
    CHECK(world.get(api));
}

TEST_CASE("memory that runs out for an error's words does not keep a late provider from being cut") {
    TokenWorld world;
    world.fetch_time = 24h;
    const auto api = world.client(world.bearer());
    Call call;
    start(world, call, api.get<void>("/r"));
    world.run_for(9s);
    bool ran_out = false;
    {
        const ScarceMemory memory(0, room_for("the provider gave no answer within 10 s"));
        world.run_for(2s);
        ran_out = memory.ran_out();
    }
    CHECK(ran_out);
    REQUIRE(call.outcome);
    CHECK(call.outcome->error().kind() == FailureKind::attempt_timeout);
    CHECK(world.fetch_end == detail::Woken::canceled);
    CHECK(world.fetching == 0);
    world.fetch_time = 0ms;
    world.run_for(1min);
    CHECK(world.get(api));
}
