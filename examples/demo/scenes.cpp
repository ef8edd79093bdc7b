#include "scenes.hpp"

#include "shared_scenes.hpp"
#include "table.hpp"
#include "together.hpp"

#include <backstay/api/presets.hpp>
#include <backstay/pipeline/fallback.hpp>
#include <backstay/pipeline/registry.hpp>

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <utility>
#include <vector>

namespace demo {

using namespace backstay;
using namespace std::chrono_literals;
using Json = boost::json::value;

namespace {

asio::awaitable<void> succeed(Stage& stage) {
    print_title("What the guide calls success");
    const ApiClient api = stage.client(single());
    const Json order{{"id", "67890"}, {"name", "New Resource"}};
    co_await stage.show("200", "GET /resources/12345", api.get<JsonReply>("/resources/12345"));
    co_await stage.show("201", "POST /resources", api.post<JsonReply>("/resources", order));
    co_await stage.show("202", "POST /jobs", api.post<JsonReply>("/jobs"));
    co_await stage.show("204", "DELETE /resources/67890", api.del<JsonReply>("/resources/67890"));
}

asio::awaitable<void> be_refused(Stage& stage) {
    print_title("What the guide calls a client error: final, with the server's reasons");
    const ApiClient api = stage.client(single());
    const ApiClient stranger = stage.client(single(), "wrong-token");
    const ApiClient reader = stage.client(single(), "read-only-token");
    const Body broken{"application/json", "{\"name\":"};
    const Json taken{{"id", "12345"}, {"name", "Another"}};
    const Json nameless{{"phone", "none"}};
    co_await stage.show("400", "POST /resources, broken", api.post<JsonReply>("/resources", broken));
    co_await stage.show("401", "GET, wrong token", stranger.get<JsonReply>("/resources/12345"));
    co_await stage.show("403", "DELETE, reader's token", reader.del<JsonReply>("/resources/12345"));
    co_await stage.show("404", "GET /resources/nobody", api.get<JsonReply>("/resources/nobody"));
    co_await stage.show("409", "POST /resources, id taken", api.post<JsonReply>("/resources", taken));
    co_await stage.show("422", "POST /resources, no name", api.post<JsonReply>("/resources", nameless));
    co_await stage.show("429", "GET /status/429", api.get<JsonReply>("/status/429"));
}

asio::awaitable<void> fail_once(Stage& stage) {
    print_title("What the guide calls a server error: with single(), one attempt");
    const ApiClient api = stage.client(single());
    co_await stage.show("500", "GET /status/500", api.get<JsonReply>("/status/500"));
    co_await stage.show("502", "GET /status/502", api.get<JsonReply>("/status/502"));
    co_await stage.show("503", "GET /status/503", api.get<JsonReply>("/status/503"));
    co_await stage.show("504", "GET /status/504", api.get<JsonReply>("/status/504"));
}

asio::awaitable<void> wait_as_asked(Stage& stage) {
    print_title("A wait that the server names is obeyed, and not begun when the call would end before it");
    const ApiClient api = stage.client(standard());
    co_await stage.show("busy", "GET /demo/busy", api.get<JsonReply>("/demo/busy"));
    co_await stage.show("maintenance", "GET /demo/maintenance", api.get<JsonReply>("/demo/maintenance"));
}

asio::awaitable<void> mend(Stage& stage) {
    print_title("What passes is repeated: failures, a reset connection, a reply that stalls (cut after 1 s)");
    co_await stage.show("flaky", "GET /demo/flaky", stage.client(standard()).get<JsonReply>("/demo/flaky"));
    co_await stage.show("reset", "GET /demo/reset", stage.client(standard()).get<JsonReply>("/demo/reset"));
    const StandardOptions impatient{.attempt_timeout = 1s};
    co_await stage.show("stalled", "GET /demo/stalled",
                        stage.client(standard(impatient)).get<JsonReply>("/demo/stalled"));
    co_await stage.show("proxy", "GET /demo/proxy (HTML)",
                        stage.client(standard()).get<JsonReply>("/demo/proxy"));
}

asio::awaitable<void> sit_out_an_outage(Stage& stage) {
    print_title("Five failures in a row open the circuit; then nothing is sent until probes find it well");
    const CircuitBreaker breaker{{.open_for = 2s, .unkeyed = true}};
    const RetryOptions retry{.budget = RetryBudget{{.minimum_capacity = 10}}};
    const ApiClient api = stage.client(standard({.retry = retry, .breaker = breaker}));
    const auto call = [&](const char* name) {
        return stage.show(name, "GET /demo/outage", api.get<JsonReply>("/demo/outage"), breaker);
    };
    co_await call("outage begins");
    co_await call("outage goes on");
    const Answer refused = co_await call("outage is known");

    const Duration until_probe = refused ? Duration{0} : refused.error().retry_after().value_or(Duration{0});
    asio::steady_timer timer(co_await asio::this_coro::executor, until_probe);
    co_await timer.async_wait(asio::use_awaitable);
    co_await call("outage is over");
    co_await call("outage is forgotten");
}

asio::awaitable<void> lose_a_reply(Stage& stage) {
    print_title("A POST whose reply is lost may have been done: it is repeated only under a key");
    co_await stage.show("job without a key", "POST /jobs", stage.client(standard()).post<JsonReply>("/jobs"));
    const auto keyed = CallOptions{}.idempotency_key("auto");
    co_await stage.show("job with a key", "POST /jobs, with a key",
                        stage.client(standard()).post<JsonReply>("/jobs", keyed));
}

asio::awaitable<void> hedge(Stage& stage) {
    print_title("A reply that is late gets company: the second attempt answers first, the first is stopped");
    const ApiClient api = stage.client(standard_hedged({.hedge = {.delay = 200ms}}));
    co_await stage.show("hedged", "GET /demo/slow", api.get<JsonReply>("/demo/slow"));
}

asio::awaitable<void> fall_back(Stage& stage) {
    print_title("When a service fails, another answer stands in for its own, and says that it does");
    const ApiClient api = stage.client(standard());
    const Fallback yesterday{[](const ApiError& error) {
        JsonReply reply;
        reply.data = {{"EUR", "1.08"}};
        reply.attempts = error.attempts(); // for the table
        return reply;
    }};
    co_await stage.show("rates of yesterday", "GET /demo/rates",
                        yesterday(api.get<JsonReply>("/demo/rates")));
    co_await stage.show("rates of today", "GET /demo/rates", yesterday(api.get<JsonReply>("/demo/rates")));
}

asio::awaitable<void> isolate(Stage& stage) {
    print_title("Isolated by hand, by its name in the registry: nothing is sent until it is closed again");
    const ResponsePipeline pipeline = standard();
    Registry registry;
    registry.add("resources", pipeline);
    const auto breaker = registry.find<CircuitBreaker>("resources/circuit_breaker");
    const ApiClient api = stage.client(pipeline);
    const auto call = [&] { return api.get<JsonReply>("/resources"); };

    co_await stage.show("not isolated", "GET /resources", call(), breaker);
    registry.isolate("resources/circuit_breaker");
    std::vector<Line> refused(1);
    refused[0] = {.name = "isolated", .call = "GET /resources", .made = times(5, call), .circuit = breaker};
    co_await stage.show(std::move(refused));
    registry.close("resources/circuit_breaker");
    co_await stage.show("closed again", "GET /resources", call(), breaker);
}

} // namespace

asio::awaitable<void> play_all(Stage& stage) {
    co_await succeed(stage);
    co_await be_refused(stage);
    co_await fail_once(stage);
    co_await wait_as_asked(stage);
    co_await mend(stage);
    co_await sit_out_an_outage(stage);
    co_await lose_a_reply(stage);
    co_await refresh_a_token(stage);
    co_await hold_back(stage);
    co_await hedge(stage);
    co_await fall_back(stage);
    co_await weather_a_storm(stage);
    co_await isolate(stage);
}

} // namespace demo
