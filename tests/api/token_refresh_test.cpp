#include "api/token_refresh.hpp"

#include "support/catch.hpp"

#include "support/token_world.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <stdexcept>

// How the provider is run: what it may do wrong, and what becomes of it when its client or context goes.

using namespace backstay;
using namespace backstay::test;

namespace {

using Given = expected<Token, ApiError>;
using Call = Started<ApiResult<void>>;

/// Heeds no cancellation: returns after `time`, whatever happens.
asio::awaitable<Given> deaf_provider(TokenWorld& world, Duration time) {
    ++world.fetched;
    const TimePoint until = world.now() + time;
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::this_coro::reset_cancellation_state([](auto) { return asio::cancellation_type::none; },
                                                       [](auto) { return asio::cancellation_type::none; });
    while (world.now() < until) {
        const auto executor = co_await asio::this_coro::executor;
        const auto parking = detail::Parking::make(world.runtime, executor);
        (void)co_await parking->wait(until);
    }
    world.server->valid = "late";
    co_return Token{.value = "late"};
}

} // namespace

TEST_CASE("a provider that throws fails its callers, without what it says") {
    TokenWorld world;
    const auto provider = []() -> asio::awaitable<Given> {
        throw std::runtime_error("secret");
        co_return Token{};
    };
    const auto error = world.get(world.client(BearerToken{provider})).error();
    CHECK(error.kind() == FailureKind::exception);
    CHECK(error.message() == "no fresh token: the provider threw an exception");
    CHECK(error.certainty() == Certainty::refused);
}

TEST_CASE("a provider that answers at once is as good as any") {
    TokenWorld world;
    world.fetch_time = 0ms;
    const auto api = world.client(world.bearer());
    CHECK(world.get(api));
    CHECK(world.fetched == 1);
}

TEST_CASE("a provider that never answers fails its callers when its time is up, and is cancelled") {
    TokenWorld world;
    world.fetch_time = 24h;
    const auto api = world.client(world.bearer());
    const auto began = world.now();
    const auto error = world.get(api).error();
    CHECK(error.kind() == FailureKind::attempt_timeout);
    CHECK(error.message() == "no fresh token: the provider gave no answer within 10 s");
    CHECK(error.refused_by() == RefusedBy::credentials);
    CHECK(world.now() - began == 10s);
    CHECK(world.fetch_end == detail::Woken::canceled);
    CHECK(world.fetching == 0);
}

TEST_CASE("a provider that is deaf to cancellation fails its callers in time, and never runs twice at once") {
    TokenWorld world;
    const auto provider = [&world] { return deaf_provider(world, 40s); };
    const auto api = world.client({provider, {.timeout = 2s}});
    Call first;
    start(world, first, api.get<void>("/r"));
    world.run_for(2s);
    REQUIRE(first.outcome);
    CHECK(first.outcome->error().kind() == FailureKind::attempt_timeout);
    world.run_for(20s);
    Call second;
    start(world, second, api.get<void>("/r"));
    world.run_for(1ms);
    REQUIRE(second.outcome); // at once, though no refresh may begin
    CHECK(second.outcome->error().kind() == FailureKind::attempt_timeout);
    CHECK(world.fetched == 1);
    world.run();
    CHECK(world.get(api)); // what came at last is a token like any other
    CHECK(world.server->tokens == std::vector<std::string>{"Bearer late"});
    CHECK(world.fetched == 1);
}

TEST_CASE("what no field can hold, or has expired when it comes, is no token") {
    const std::pair<Token, std::string> cases[] = {
        {{.value = ""}, "no fresh token: the provider gave an empty one"},
        {{.value = "a\r\nb"}, "no fresh token: the provider gave one with control bytes"},
        {{.value = "t", .expires_in = 0s}, "no fresh token: the provider gave one that had expired"},
    };
    for (const auto& [token, message] : cases) {
        TokenWorld world;
        const auto provider = [&given = token]() -> asio::awaitable<Given> { co_return given; };
        const auto error = world.get(world.client(BearerToken{provider})).error();
        CHECK(error.kind() == FailureKind::invalid_request);
        CHECK(error.message() == message);
        CHECK(world.server->seen.empty());
    }
}

TEST_CASE("an error without a kind is a failure all the same") {
    TokenWorld world;
    world.fetch_error = ApiError{};
    CHECK(world.get(world.client(world.bearer())).error().kind() == FailureKind::exception);
}

TEST_CASE("options of a refresh are checked when the bearer is made") {
    TokenWorld world;
    const auto check = [&](const RefreshOptions& options, const std::string& sentence) {
        try {
            (void)world.bearer(options);
            FAIL("it was accepted");
        } catch (const std::invalid_argument& error) {
            CHECK(error.what() == sentence);
        }
    };
    check({.ahead = -1s}, "RefreshOptions.ahead is -1 s, allowed is 0 s or longer");
    check({.timeout = 0s}, "RefreshOptions.timeout is 0 s, allowed is 1 ms or longer");
    check({.min_interval = 90s}, "RefreshOptions.min_interval is 1.5 min, allowed is 0 s (none) to 60 s");
}

TEST_CASE("a shutdown cancels the refresh and waits for it, and the calls that wait end as closed") {
    TokenWorld world;
    world.fetch_time = 5s;
    const auto api = world.client(world.bearer());
    Call call;
    start(world, call, api.get<void>("/r"));
    world.run_for(1s);
    const auto began = world.now();
    std::optional<std::size_t> stopped;
    asio::co_spawn(world.context, api.shutdown(10s),
                   [&stopped](const std::exception_ptr&, std::size_t count) { stopped = count; });
    world.run();
    REQUIRE(call.outcome);
    CHECK(call.outcome->error().kind() == FailureKind::client_closed);
    CHECK(stopped == 0U);
    CHECK(world.fetch_end == detail::Woken::canceled);
    CHECK(world.fetching == 0);
    CHECK(world.now() == began);
    CHECK(world.get(api).error().kind() == FailureKind::client_closed);
    CHECK(world.fetched == 1);
}

TEST_CASE("when a client is shut down in mid-refresh, another that shares the token fetches it") {
    TokenWorld world;
    world.fetch_time = 5s;
    const auto bearer = world.bearer();
    const auto leaving = world.client(bearer);
    const auto staying = world.client(bearer);
    Call lost;
    Call kept;
    start(world, lost, leaving.get<void>("/r"));
    start(world, kept, staying.get<void>("/r"));
    world.run_for(1s);
    CHECK(world.fetched == 1);
    asio::co_spawn(world.context, leaving.shutdown(10s), asio::detached);
    world.run();
    CHECK(lost.outcome->error().kind() == FailureKind::client_closed);
    CHECK(kept.outcome.value());
    CHECK(world.fetched == 2);
    CHECK(world.most_fetching == 1);
}

TEST_CASE("a refresh ahead of expiry outlives the client that began it") {
    TokenWorld world;
    world.lifetime = 1min;
    const auto bearer = world.bearer();
    CHECK(world.get(world.client(bearer)));
    world.run_for(45s);
    {
        auto api = std::make_unique<ApiClient>(world.client(bearer));
        Call call;
        start(world, call, api->get<void>("/r"));
        api.reset();
        world.run_for(10ms);
        CHECK(call.outcome.value());
        CHECK(world.fetching == 1);
    }
    world.run();
    CHECK(bearer.current() == "token-2");
}

TEST_CASE("a context destroyed in mid-refresh takes provider and callers with it") {
    for (int handlers = 0; handlers < 40; ++handlers) {
        auto world = std::make_unique<TokenWorld>();
        const auto bearer = world->bearer();
        {
            const auto api = world->client(bearer);
            for (int i = 0; i < 3; ++i) {
                asio::co_spawn(world->context, api.get<void>("/r"), asio::detached);
            }
        }
        for (int i = 0; i < handlers; ++i) {
            world->context.restart();
            if (world->context.poll_one() == 0) {
                world->runtime.run_next(world->context);
            }
        }
        world.reset(); // the address sanitizer says whether something of it is left
        CHECK((bearer.current().empty() || bearer.current() == "token-1"));
    }
}

TEST_CASE("when a client's context goes in mid-refresh, callers of another client fetch the token") {
    for (int handlers = 0; handlers < 12; ++handlers) {
        TokenWorld world;
        const auto bearer = world.bearer();
        const auto staying = world.client(bearer);
        Call kept;
        {
            asio::io_context gone;
            const ApiClient leaving{gone.get_executor(),
                                    {.base_url = "https://api.test",
                                     .pipeline = world.pipeline({}),
                                     .transport = world.server,
                                     .bearer = bearer,
                                     .runtime = &world.runtime}};
            asio::co_spawn(gone, leaving.get<void>("/r"), asio::detached);
            for (int i = 0; i < handlers; ++i) {
                gone.restart();
                gone.poll_one();
            }
            start(world, kept, staying.get<void>("/r"));
            world.run_for(1ms);
            CHECK_FALSE(kept.ended());
        }
        world.run();
        REQUIRE(kept.outcome);
        CHECK(kept.outcome->has_value());
        CHECK(world.fetching == 0);
        CHECK(world.most_fetching == 1);
    }
}
