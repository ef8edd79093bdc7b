#include <backstay/api/api_client.hpp>
#include <backstay/api/credentials.hpp>
#include <backstay/pipeline/fallback.hpp>
#include <backstay/pipeline/named.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/cool_down.hpp>
#include <backstay/policy/rate_limiter.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/total_timeout.hpp>
#include <backstay/testing/scripted_transport.hpp>
#include <backstay/testing/virtual_world.hpp>

#include <boost/describe.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

// Two clients of one API: one with a pipeline of its own, one hedged; they share a retry budget. The server
// is scripted, and time is virtual.

using namespace std::chrono_literals;

struct Price {
    int cents = 0;
    std::string currency;
};
BOOST_DESCRIBE_STRUCT(Price, (), (cents, currency))

/// One state for each tenant, whatever the origin. A key function is noexcept.
constexpr backstay::CallKey by_tenant(const backstay::CallKey& key) noexcept {
    return {.partition = key.partition};
}

/// This server answers 423 while a price is being written: worth a repeat. That is a `client_error`, like
/// every 4xx without a kind of its own.
backstay::Classifier outcomes() {
    backstay::Classifier rows;
    rows.set(backstay::FailureKind::client_error, {.repeat = backstay::Repeat::if_safe});
    return rows;
}

backstay::ResponsePipeline price_pipeline(const backstay::RetryBudget& budget) {
    const backstay::RetryOptions retry{.max_attempts = 4, .classifier = outcomes(), .budget = budget};
    const backstay::CircuitBreaker breaker{
        {.classifier = outcomes(), .key = backstay::by_origin_and_partition}};
    const backstay::RateLimiter of_tenant{{.rate = 10, .burst = 10, .key = by_tenant}};
    const backstay::RateLimiter of_account{{.rate = 50, .burst = 50}};
    return backstay::Pipeline{
        backstay::TotalTimeout{25s},
        backstay::Retry{retry},
        backstay::Credentials{},
        backstay::CoolDown{},
        breaker,
        backstay::Named<"tenant_rate", backstay::RateLimiter>{of_tenant},
        backstay::Named<"account_rate", backstay::RateLimiter>{of_account},
        backstay::AttemptTimeout{2s},
    };
}

/// Reads whose slowest calls matter: a second attempt when the first takes longer than 300 ms.
backstay::ResponsePipeline hedged_pipeline(const backstay::RetryBudget& budget) {
    return backstay::standard_hedged({
        .standard = {.total_timeout = 5s, .attempt_timeout = 2s, .retry = {.budget = budget}},
        .hedge = {.delay = 300ms, .max_extra = 1, .extra_ratio = 0.05},
    });
}

/// What both clients are made of. This server sends no `data` envelope.
backstay::ApiClientOptions options(backstay::VirtualWorld& world,
                                   const std::shared_ptr<backstay::Transport>& server) {
    backstay::ApiClientOptions made;
    made.base_url = "https://prices.internal/v2";
    made.codec = {.envelope = backstay::Envelope::none};
    made.transport = server;
    made.runtime = &world.runtime;
    return made;
}

/// The price, or the one from yesterday when the server has none to give.
asio::awaitable<backstay::ApiResult<Price>> price_or_yesterdays(backstay::ApiClient api, Price yesterdays) {
    const backstay::Fallback fallback{yesterdays};
    const auto of_tenant = backstay::CallOptions{}.partition("tenant 1");
    co_return co_await fallback(api.get<Price>("/prices/7", of_tenant));
}

void check(bool condition, const char* what) {
    if (!condition) {
        std::cerr << "not so: " << what << '\n';
        std::exit(1);
    }
}

int main() {
    backstay::VirtualWorld world;
    const auto server = std::make_shared<backstay::ScriptedTransport>(world.runtime);
    const backstay::RetryBudget budget; // both clients': neither retries once the other has used it up

    auto made = options(world, server);
    made.pipeline = price_pipeline(budget);
    const backstay::ApiClient api{world.context.get_executor(), made};
    made.pipeline = hedged_pipeline(budget);
    const backstay::ApiClient hedged{world.context.get_executor(), made};
    std::cout << api.describe();

    const std::string answer = R"({"cents":1250,"currency":"EUR"})";
    server->reply(423).reply(200, answer);
    const auto repeated = world.run(price_or_yesterdays(api, Price{}));
    check(repeated && repeated->cents == 1250 && server->seen().size() == 2, "a 423 is repeated");

    server->hang().reply(200, answer);
    const auto overtaken = world.run(hedged.get<backstay::Reply<Price>>("/prices/7"));
    check(overtaken && server->seen().size() == 4, "the second attempt overtakes the first");

    server->reply(404);
    const auto missing = world.run(price_or_yesterdays(api, Price{.cents = 1240, .currency = "EUR"}));
    check(missing && missing->cents == 1240, "without an answer there is yesterday's");
    check(budget.snapshot(world.now()).refused == 0, "the budget allowed all that");
    std::cout << "a 423 repeated, a silence overtaken, yesterday's price for a 404\n";
}
