#include <backstay/api/api_client.hpp>
#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/pipeline/registry_metrics.hpp>
#include <backstay/prometheus/metrics_collector.hpp>
#include <backstay/telemetry/log_observer.hpp>
#include <backstay/telemetry/observers.hpp>
#include <backstay/testing/sandbox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <prometheus/exposer.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

// Calls a server that fails now and then, logs what failed, and serves /metrics on loopback until standard
// input ends: `example_serve_metrics [PORT]`, then `curl http://127.0.0.1:PORT/metrics`.

using namespace std::chrono_literals;

/// Every third request finds the server unavailable.
backstay::SandboxOptions failing_server() {
    backstay::FaultStep unavailable;
    unavailable.reply.emplace();
    unavailable.reply->status = 503;
    unavailable.reply->without_wait = true;
    backstay::FaultStep well;
    well.times = 2;
    backstay::FaultRoute route;
    route.steps = {well, unavailable};
    route.then = backstay::FaultRoute::Then::repeat;
    backstay::SandboxOptions options;
    options.script.routes.push_back(route);
    return options;
}

asio::awaitable<void> keep_calling(backstay::ApiClient api) {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    // the operation is a bounded label: never a path, which would be a time series for each order
    const auto status = backstay::CallOptions().operation("get status");
    const auto order = backstay::CallOptions().operation("get order");
    for (;;) {
        const auto found = co_await api.get<void>("/status/200", status);
        const auto missing = co_await api.get<void>("/resources/none", order);
        (void)found;
        (void)missing;
        pause.expires_after(50ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

int main(int argc, char** argv) try {
    const std::string port = argc > 1 ? argv[1] : "0";
    const backstay::Sandbox server{failing_server()};

    backstay::MetricsObserver metrics;
    backstay::LogObserver log{{.lines_per_second = 1}}; // to standard error
    backstay::Observers observers{&metrics, &log};
    metrics.watch("log", log);

    backstay::HttpsOptions https;
    https.tls.ca_pem = server.ca_pem();
    const auto transport = std::make_shared<backstay::HttpsTransport>(https, backstay::asio_runtime());
    metrics.add(transport->metric_source());
    backstay::Registry registry;
    metrics.add(std::make_shared<backstay::RegistryMetrics>(registry, backstay::asio_runtime()));

    prometheus::Exposer exposer{"127.0.0.1:" + port};
    const auto collector = std::make_shared<backstay::PrometheusCollector>(metrics);
    exposer.RegisterCollectable(collector);
    std::cout << "http://127.0.0.1:" << exposer.GetListeningPorts().at(0) << "/metrics" << std::endl;

    asio::io_context context;
    const backstay::ApiClient api{
        context.get_executor(),
        {.base_url = server.url() + "/v1", .transport = transport, .observer = &observers}};
    registry.add("orders", api.pipeline());
    asio::co_spawn(context, keep_calling(api), asio::detached);
    std::thread calls{[&context] { context.run(); }};
    while (std::cin.get() != std::char_traits<char>::eof()) {
    }
    context.stop();
    calls.join();
} catch (const std::exception& error) { // a port that is taken
    std::cerr << error.what() << '\n';
    return 1;
}
