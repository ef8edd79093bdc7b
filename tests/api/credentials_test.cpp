#include <backstay/api/credentials.hpp>

#include "support/catch.hpp"

#include "support/policy_call.hpp"
#include "support/token_world.hpp"

#include <stdexcept>

using namespace backstay;
using namespace backstay::test;

namespace {

using Call = Started<ApiResult<void>>;

/// Begins calls that run beside each other.
struct Crowd {
    explicit Crowd(std::size_t size) : calls(size) {}
    void begin(TokenWorld& world, const ApiClient& api) {
        for (auto& call : calls) {
            start(world, call, api.get<void>("/r"));
        }
    }
    [[nodiscard]] std::size_t succeeded() const {
        return static_cast<std::size_t>(std::count_if(calls.begin(), calls.end(), [](const Call& call) {
            return call.outcome && call.outcome->has_value();
        }));
    }
    std::deque<Call> calls;
};

} // namespace

TEST_CASE("the first call fetches the token, the next ones carry it") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    const auto began = world.now();
    CHECK(world.get(api));
    CHECK(world.now() - began == 110ms);
    CHECK(world.get(api));
    CHECK(world.server->tokens == std::vector<std::string>{"Bearer token-1", "Bearer token-1"});
    CHECK(world.fetched == 1);
}

TEST_CASE("fifty calls that see a 401 at once cause one refresh") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    CHECK(world.get(api));
    world.run_for(1min);
    world.server->valid = "none"; // revoked
    Crowd crowd{50};
    crowd.begin(world, api);
    world.run();
    CHECK(crowd.succeeded() == 50);
    CHECK(world.fetched == 2);
    CHECK(world.server->seen.size() == 1 + 2 * 50);
}

TEST_CASE("fifty calls that have no token yet cause one refresh") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    Crowd crowd{50};
    crowd.begin(world, api);
    world.run();
    CHECK(crowd.succeeded() == 50);
    CHECK(world.fetched == 1);
    CHECK(world.server->seen.size() == 50);
}

TEST_CASE("a cancelled caller does not kill the refresh") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    Crowd crowd{3};
    crowd.begin(world, api);
    world.run_for(50ms);
    crowd.calls[0].cancel.emit(asio::cancellation_type::terminal); // the one that began it
    world.run_for(1ms);
    CHECK(crowd.calls[0].outcome->error().kind() == FailureKind::canceled);
    world.run();
    CHECK(crowd.succeeded() == 2);
    CHECK(world.fetched == 1);
    CHECK(world.fetch_end == detail::Woken::time);
}

TEST_CASE("a request that got 401 with a newer token does not refresh again") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    CHECK(world.get(api));
    world.run_for(1min);
    world.server->valid = "none";
    world.server->delay = 5s;
    Call slow; // carries token-1, and hears of its refusal long after the others
    start(world, slow, api.get<void>("/r"));
    world.run_for(1ms);
    world.server->delay = 10ms;
    CHECK(world.get(api)); // refused too, and refreshed; runs until the slow one has ended as well
    REQUIRE(slow.outcome);
    CHECK(slow.outcome->has_value());
    CHECK(world.fetched == 2);
    CHECK(world.server->tokens.back() == "Bearer token-2");
}

TEST_CASE("a second 401 is final") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    world.on_fetched = [&world] { world.server->instead = {401, 401, 401}; };
    const auto error = world.get(api).error();
    CHECK(error.kind() == FailureKind::unauthorized);
    CHECK(error.stop_reason() == StopReason::not_retryable);
    CHECK(error.attempt_count() == 2);
    CHECK(error.certainty() == Certainty::answered);
    CHECK(world.fetched == 2);
    CHECK(world.server->seen.size() == 2);
}

TEST_CASE("tokens never appear in a log, error or event") {
    struct Watch final : Observer {
        std::string text;
        int events = 0;
        void on_event(const Event& event) override {
            ++events;
            for (const auto view :
                 {event.origin, event.operation, event.request_id, event.trace_id, event.detail}) {
                text.append(view).append(" ");
            }
        }
    } watch;
    TokenWorld world;
    const auto check = [&](const ApiError& error) {
        for (const auto& text : {to_string(error), error.message(), error.code(), error.description(),
                                 error.request_id(), std::string{error.user_message()}, watch.text}) {
            CHECK_THAT(text, !ContainsSubstring("token-") && !ContainsSubstring("canary"));
        }
    };
    const auto api = world.client(world.bearer(), {.pipeline = world.pipeline({}), .observer = &watch});
    world.on_fetched = [&world] { world.server->instead = {401, 401}; };
    check(world.get(api).error());
    world.run_for(1h);
    world.fetch_error = ApiError{};
    check(world.get(api).error());

    const auto odd = [&](const std::string& value) {
        const auto give = [value]() -> asio::awaitable<expected<Token, ApiError>> {
            co_return Token{.value = value, .expires_in = 0s};
        };
        const auto other = world.client(give, {.pipeline = world.pipeline({}), .observer = &watch});
        return world.get(other).error();
    };
    check(odd("canary"));
    check(odd("canary\r\nX: y"));
    const auto thrower = []() -> asio::awaitable<expected<Token, ApiError>> {
        throw std::runtime_error("canary");
        co_return Token{};
    };
    check(world.get(world.client(thrower, {.pipeline = world.pipeline({}), .observer = &watch})).error());
    CHECK(watch.events > 10);
    CHECK_THAT(api.describe(), !ContainsSubstring("token-"));
}

TEST_CASE("a token is refreshed ahead of its expiry, and the call goes on with the old one") {
    TokenWorld world;
    world.lifetime = 1h;
    const auto api = world.client(world.bearer());
    const auto began = world.now();
    CHECK(world.get(api));
    world.run_for(1h - 31s);
    CHECK(world.get(api));
    CHECK(world.fetched == 1);
    world.run_for(2s);
    const auto asked = world.now();
    Call call;
    start(world, call, api.get<void>("/r"));
    world.run_for(10ms);
    REQUIRE(call.outcome);
    CHECK(call.outcome->has_value());
    CHECK(world.now() - asked == 10ms); // it did not wait
    CHECK(world.server->tokens.back() == "Bearer token-1");
    CHECK(world.fetching == 1);
    world.run();
    CHECK(world.get(api));
    CHECK(world.server->tokens.back() == "Bearer token-2");
    CHECK(world.fetched == 2);
    CHECK(world.now() - began < 1h);
}

TEST_CASE("a token that has expired is waited for, and not sent") {
    TokenWorld world;
    world.lifetime = 1h;
    const auto api = world.client(world.bearer());
    CHECK(world.get(api));
    world.run_for(2h);
    const auto asked = world.now();
    CHECK(world.get(api));
    CHECK(world.now() - asked == 110ms);
    CHECK(world.server->seen.size() == 2);
}

TEST_CASE("a short-lived token is refreshed in the second half of its life, not at every call") {
    TokenWorld world;
    world.lifetime = 20s; // shorter than `ahead`
    const auto api = world.client(world.bearer());
    CHECK(world.get(api));
    world.run_for(9s);
    CHECK(world.get(api));
    CHECK(world.fetched == 1);
    world.run_for(1s);
    CHECK(world.get(api));
    CHECK(world.fetched == 2);
}

TEST_CASE("a failed refresh fails the waiting calls with its error") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    world.fetch_error =
        ApiError{Failure{.kind = FailureKind::bad_request, .reach = Reach::answered, .status = 400},
                 {.code = "invalid_client", .description = "Unknown client", .request_id = "req-7"}};
    Crowd crowd{10};
    crowd.begin(world, api);
    world.run();
    for (const auto& call : crowd.calls) {
        REQUIRE(call.outcome);
        const auto& error = call.outcome->error();
        CHECK(error.kind() == FailureKind::bad_request);
        CHECK(error.status() == 0); // this call itself got no reply
        CHECK(error.message() ==
              "no fresh token: bad_request 400 invalid_client: Unknown client (request_id=req-7)");
        CHECK(error.refused_by() == RefusedBy::credentials);
        CHECK(error.stop_reason() == StopReason::refused);
        CHECK(error.certainty() == Certainty::refused);
        CHECK(error.attempt_count() == 0);
        CHECK_FALSE(error.retryable());
    }
    CHECK(world.fetched == 1);
    CHECK(world.server->seen.empty());
}

TEST_CASE("a failed refresh after a 401 is what the call ends with, and the 401 is in its history") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    CHECK(world.get(api));
    world.run_for(1min);
    world.server->valid = "none";
    world.fetch_error = ApiError{Failure{.kind = FailureKind::connect_failed, .reach = Reach::never_sent}};
    const auto error = world.get(api).error();
    CHECK(error.kind() == FailureKind::connect_failed);
    CHECK(error.retryable());
    REQUIRE(error.attempt_count() == 1);
    CHECK(error.attempts()[0].status == 401);
    CHECK(error.certainty() == Certainty::answered);
}

TEST_CASE("after a failed refresh calls fail at once, until it may be tried again") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    const auto broken = Failure{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};
    world.fetch_error = ApiError{broken};
    CHECK_FALSE(world.get(api));
    const auto failed_at = world.now();
    world.run_for(900ms);
    const auto error = world.get(api).error();
    CHECK(error.kind() == FailureKind::server_error);
    CHECK(error.retry_after() == Duration{100ms});
    CHECK(world.now() - failed_at == 900ms);
    CHECK(world.fetched == 1);
    world.run_for(100ms);
    world.fetch_error.reset();
    CHECK(world.get(api));
    CHECK(world.fetched == 2);
}

TEST_CASE("a wait that the provider's error names keeps the next refresh back, for a minute at most") {
    for (const auto& [named, kept] : {std::pair<Duration, Duration>{20s, 20s}, {24h, 60s}, {1ms, 1s}}) {
        TokenWorld world;
        const auto api = world.client(world.bearer());
        Failure limited{.kind = FailureKind::rate_limited, .reach = Reach::answered, .status = 429};
        world.fetch_error = ApiError{limited.set_hint(named)};
        CHECK_FALSE(world.get(api));
        world.run_for(kept - 1ms);
        CHECK(world.get(api).error().retry_after() == Duration{1ms});
        CHECK(world.fetched == 1);
        world.run_for(1ms);
        CHECK_FALSE(world.get(api));
        CHECK(world.fetched == 2);
    }
}

TEST_CASE("a server that refuses every token is asked for no more than one refresh a second") {
    TokenWorld world;
    const auto api = world.client(world.bearer());
    world.fetch_time = 0ms;
    world.on_fetched = [&world] { world.server->instead.assign(1'000, 401); };
    const auto began = world.now();
    while (world.now() - began < 10s) {
        CHECK(world.get(api).error().kind() == FailureKind::unauthorized);
    }
    CHECK(world.fetched <= 11);
    CHECK(world.fetched >= 10);
}
