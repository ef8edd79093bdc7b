#include <backstay/api/api_client.hpp>
#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/pipeline/registry.hpp>
#include <backstay/pipeline/registry_metrics.hpp>
#include <backstay/policy/retry_budget.hpp>
#include <backstay/telemetry/log_observer.hpp>
#include <backstay/telemetry/metrics_observer.hpp>
#include <backstay/telemetry/observers.hpp>
#include <backstay/testing/sandbox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <memory>
#include <string>

// Logs, metrics, and policies that are found by name while the process runs. The server is a sandbox of this
// process.

asio::awaitable<void> call(backstay::ApiClient api, std::string& outcomes) {
    const auto status = co_await api.get<void>("/status/200");
    outcomes += status ? "success " : std::string{to_string(status.error().kind())} + " ";
}

int main() try {
    const backstay::Sandbox server;
    const std::string url = server.url() + "/v1";
    backstay::HttpsOptions https;
    https.tls.ca_pem = server.ca_pem();
    const backstay::RetryBudget budget;
    asio::io_context context;

    backstay::MetricsObserver metrics;
    backstay::LogObserver log; // logfmt lines to standard error
    backstay::Observers both{&metrics, &log};
    metrics.watch("log", log); // how often it threw, as a metric

    auto transport = std::make_shared<backstay::HttpsTransport>(https, backstay::asio_runtime());
    metrics.add(transport->metric_source()); // backstay.pool.*
    const backstay::ApiClient api{context.get_executor(),
                                  {.base_url = url,
                                   .pipeline = backstay::standard({.retry = {.budget = budget}}),
                                   .transport = transport,
                                   .observer = &both}};

    backstay::Registry registry;
    registry.add("orders", api.pipeline()); // an ApiClient's, or any Pipeline
    registry.add("shared budget", budget);  // a policy that several pipelines share
    metrics.add(std::make_shared<backstay::RegistryMetrics>(registry, backstay::asio_runtime()));

    metrics.add_gauge(backstay::metrics::budget_tokens, {{"name", "unkeyed"}},
                      [budget] { return budget.tokens(backstay::Clock::now()); });

    std::string outcomes;
    const auto call_once = [&] {
        asio::co_spawn(context, call(api, outcomes), asio::detached);
        context.restart();
        context.run();
    };
    call_once();
    registry.isolate("orders/circuit_breaker");
    call_once();
    registry.close("orders/circuit_breaker");
    call_once();
    std::cout << outcomes << "in " << metrics.snapshot().families.size() << " families of metrics\n";
    return outcomes == "success circuit_open success " ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
}
