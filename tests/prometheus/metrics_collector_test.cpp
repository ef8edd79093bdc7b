#include <backstay/prometheus/metrics_collector.hpp>

#include "support/catch.hpp"

#include <backstay/api/api_client.hpp>
#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/testing/sandbox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <prometheus/check_names.h>
#include <prometheus/exposer.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

MetricFamily family(std::string name, std::string unit, MetricType type) {
    return {.name = std::move(name), .unit = std::move(unit), .type = type};
}

/// The lines of an exposition that are samples.
std::vector<std::string> samples(const std::string& text) {
    std::vector<std::string> found;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line[0] != '#') {
            found.push_back(line);
        }
    }
    return found;
}

/// The value of a sample; -1 when there is none of that name and those labels.
double value_of(const std::vector<std::string>& found, const std::string& sample) {
    const auto line = std::find_if(found.begin(), found.end(), [&sample](const std::string& text) {
        return text.find(sample + " ") == 0;
    });
    return line != found.end() ? std::stod(line->substr(sample.size() + 1)) : -1;
}

asio::awaitable<void> make_calls(ApiClient api) {
    const auto status = CallOptions().operation("get status");
    const auto odd = CallOptions().operation("get \"it\"\n\\");
    for (int i = 0; i < 3; ++i) {
        (void)co_await api.get<void>("/status/204", status);
    }
    (void)co_await api.get<void>("/status/404", odd);
}

asio::awaitable<void> scrape(ApiClient prometheus, std::string& text) {
    auto scraped = co_await prometheus.get<Response>("/metrics");
    if (scraped) {
        text = scraped->body();
    }
}

template <class Work>
void run(Work work) {
    asio::io_context context{1};
    asio::co_spawn(context, work(context), [](std::exception_ptr error) { CHECK_FALSE(error); });
    context.run();
}

} // namespace

TEST_CASE("names are Prometheus's: underscores, unit, and _total for a counter", "[prometheus]") {
    using enum MetricType;
    CHECK(prometheus_name(family("http.client.request.duration", "s", histogram)) ==
          "http_client_request_duration_seconds");
    CHECK(prometheus_name(family("backstay.calls", "{call}", counter)) == "backstay_calls_total");
    CHECK(prometheus_name(family("backstay.pool.idle", "{connection}", gauge)) == "backstay_pool_idle");
    CHECK(prometheus_name(family("sent", "By", counter)) == "sent_bytes_total");
    CHECK(prometheus_name(family("share", "1", gauge)) == "share_ratio");
    CHECK(prometheus_name(family("wait_seconds", "s", gauge)) == "wait_seconds");
    CHECK(prometheus_name(family("done.total", "", counter)) == "done_total");
    CHECK(prometheus_name(family("9 lives", "", gauge)) == "_9_lives");
}

TEST_CASE("ranges become cumulative buckets that end with infinity", "[prometheus]") {
    MetricsSnapshot snapshot;
    snapshot.families.push_back(family("took", "s", MetricType::histogram));
    snapshot.families[0].metrics.push_back(
        {.labels = {{"server.port", "443"}},
         .histogram = {.bounds = {0.5, 1}, .counts = {2, 0, 3}, .count = 5, .sum = 9.5}});
    const auto families = to_prometheus(snapshot);
    REQUIRE(families.size() == 1);
    CHECK(families[0].name == "took_seconds");
    CHECK(families[0].type == ::prometheus::MetricType::Histogram);
    const auto& metric = families[0].metric.at(0);
    REQUIRE(metric.label.size() == 1);
    CHECK(metric.label[0].name == "server_port");
    CHECK(metric.label[0].value == "443");
    CHECK(metric.histogram.sample_count == 5);
    CHECK(metric.histogram.sample_sum == 9.5);
    std::vector<std::pair<double, std::uint64_t>> buckets;
    for (const auto& bucket : metric.histogram.bucket) {
        buckets.emplace_back(bucket.upper_bound, bucket.cumulative_count);
    }
    CHECK(buckets == std::vector<std::pair<double, std::uint64_t>>{
                         {0.5, 2}, {1, 2}, {std::numeric_limits<double>::infinity(), 5}});
}

TEST_CASE("all that is counted has names that Prometheus takes", "[prometheus]") {
    MetricsObserver metrics;
    for (int type = 0; type <= static_cast<int>(EventType::call_ended); ++type) {
        metrics.notify({.type = static_cast<EventType>(type),
                        .kind = FailureKind::server_error,
                        .status = 500,
                        .attempt = 2,
                        .queued = 1s,
                        .tls_time = 1s,
                        .first_byte_time = 1s,
                        .origin = "https://a:443",
                        .operation = "o"});
    }
    const auto families = PrometheusCollector(metrics).Collect();
    CHECK(families.size() >= 12);
    for (const auto& made : families) {
        CAPTURE(made.name);
        CHECK(::prometheus::CheckMetricName(made.name));
        CHECK_FALSE(made.help.empty());
        CHECK(made.name.ends_with("_total") == (made.type == ::prometheus::MetricType::Counter));
        for (const auto& metric : made.metric) {
            for (const auto& label : metric.label) {
                CHECK(label.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos);
            }
        }
    }
}

TEST_CASE("what calls came to can be scraped over HTTP", "[prometheus]") {
    const Sandbox sandbox;
    MetricsObserver metrics;
    HttpsOptions https;
    https.tls.ca_pem = sandbox.ca_pem();
    const auto transport = std::make_shared<HttpsTransport>(https, asio_runtime());
    metrics.add(transport->metric_source());
    metrics.add_gauge(metrics::budget_tokens, {{"name", "orders"}}, [] { return 2.5; });
    const auto collector = std::make_shared<PrometheusCollector>(metrics);
    ::prometheus::Exposer exposer{"127.0.0.1:0"};
    exposer.RegisterCollectable(collector);
    const std::string here = "http://127.0.0.1:" + std::to_string(exposer.GetListeningPorts().at(0));

    std::string text;
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        const ApiClient api{
            context.get_executor(),
            {.base_url = sandbox.url() + "/v1", .transport = transport, .observer = &metrics}};
        const ApiClient prometheus{context.get_executor(), {.base_url = here}};
        co_await make_calls(api);
        co_await scrape(prometheus, text);
    });
    const auto found = samples(text);
    const std::string port = std::to_string(sandbox.port());
    const std::string origin = "origin=\"https://127.0.0.1:" + port + "\"";
    CHECK(value_of(found, "backstay_calls_total{operation=\"get status\"," + origin +
                              ",outcome=\"success\",refused_by=\"none\",stop_reason=\"none\"}") == 3);
    CHECK(value_of(found, R"(backstay_calls_total{operation="get \"it\"\n\\",)" + origin +
                              ",outcome=\"not_found\",refused_by=\"none\",stop_reason=\"not_retryable\"}") ==
          1);
    CHECK(value_of(found, "backstay_attempts_total{operation=\"get status\"," + origin +
                              ",kind=\"success\",number=\"1\"}") == 3);
    const std::string server = "operation=\"get status\",server_address=\"127.0.0.1\",server_port=\"" + port +
                               "\",url_scheme=\"https\",http_response_status_code=\"204\"";
    CHECK(value_of(found, "http_client_request_duration_seconds_count{" + server + "}") == 3);
    CHECK(value_of(found, "http_client_request_duration_seconds_bucket{" + server + ",le=\"+Inf\"}") == 3);
    CHECK(value_of(found, "backstay_connections_total{" + origin + ",event=\"opened\"}") == 1);
    CHECK(value_of(found, "backstay_connections_total{" + origin + ",event=\"reused\"}") == 3);
    CHECK(value_of(found, "backstay_tls_duration_seconds_count{" + origin + "}") == 1);
    CHECK(value_of(found, "backstay_pool_idle{" + origin + "}") == 1);
    CHECK(value_of(found, "backstay_budget_tokens{name=\"orders\"}") == 2.5);
    CHECK(value_of(found, "backstay_events_dropped_total{observer=\"metrics\"}") == 0);
    CHECK_THAT(text, ContainsSubstring("# TYPE backstay_calls_total counter") &&
                         ContainsSubstring("# TYPE http_client_request_duration_seconds histogram") &&
                         ContainsSubstring("# TYPE backstay_pool_idle gauge"));
    CHECK_THAT(text, !ContainsSubstring("/v1/"));
}
