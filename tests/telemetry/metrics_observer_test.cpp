#include <backstay/telemetry/metrics_observer.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view origin = "https://api.test:443";

Event attempt(int number = 1, FailureKind kind = FailureKind::none, std::uint16_t status = 200,
              Duration duration = 30ms) {
    return {.type = EventType::attempt_ended,
            .kind = kind,
            .status = status,
            .attempt = number,
            .duration = duration,
            .origin = origin,
            .operation = "get order"};
}

Event call(int attempts = 1, FailureKind kind = FailureKind::none) {
    return {.type = EventType::call_ended,
            .kind = kind,
            .attempt = attempts,
            .origin = origin,
            .operation = "get order"};
}

Event about(EventType type) {
    return {.type = type, .origin = origin, .operation = "get order"};
}

/// Writes a family in lines, `a=1 b=2 : value` each.
std::vector<std::string> lines(const MetricsSnapshot& snapshot, std::string_view name) {
    std::vector<std::string> made;
    if (const MetricFamily* const family = snapshot.find(name)) {
        for (const Metric& metric : family->metrics) {
            std::string line;
            for (const MetricLabel& label : metric.labels) {
                line += label.name + "=" + label.value + " ";
            }
            const auto value = family->type == MetricType::histogram
                                   ? metric.histogram.count
                                   : static_cast<std::uint64_t>(metric.value);
            made.push_back(line + ": " + std::to_string(value));
        }
    }
    return made;
}

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("a call of one successful attempt counts as a call, an attempt and a duration", "[metrics]") {
    MetricsObserver metrics;
    metrics.notify(attempt());
    metrics.notify(call());
    const MetricsSnapshot snapshot = metrics.snapshot();
    CHECK(lines(snapshot, "backstay.calls") ==
          Lines{"operation=get order origin=https://api.test:443 outcome=success refused_by=none "
                "stop_reason=none : 1"});
    CHECK(lines(snapshot, "backstay.attempts") ==
          Lines{"operation=get order origin=https://api.test:443 kind=success number=1 : 1"});
    CHECK(lines(snapshot, "http.client.request.duration") ==
          Lines{"operation=get order server.address=api.test server.port=443 url.scheme=https "
                "http.response.status_code=200 : 1"});
    CHECK(snapshot.find("http.request.resend_count") == nullptr);
    CHECK(snapshot.find("backstay.queue.wait") == nullptr);
    CHECK(lines(snapshot, "backstay.events.dropped") ==
          Lines{"observer=metric_source : 0", "observer=metrics : 0"});
}

TEST_CASE("an observer of metrics asks for no more than it counts", "[metrics]") {
    const MetricsObserver metrics;
    for (const EventType type :
         {EventType::attempt_started, EventType::retry_scheduled, EventType::gave_up}) {
        CHECK_FALSE(metrics.wants(type));
    }
    CHECK_FALSE(metrics.wants_texts());
    CHECK(metrics.wants(EventType::call_ended));
}

TEST_CASE("failures count by kind and attempt, calls by how they ended", "[metrics]") {
    MetricsObserver metrics;
    metrics.notify(attempt(1, FailureKind::service_unavailable, 503));
    metrics.notify(attempt(2, FailureKind::connection_lost, 0));
    metrics.notify(attempt(3, FailureKind::service_unavailable, 503));
    Event ended = call(3, FailureKind::service_unavailable);
    ended.stop_reason = StopReason::refused;
    ended.refused_by = RefusedBy::circuit_breaker;
    ended.resends = 1;
    metrics.notify(ended);
    metrics.notify(call(0, FailureKind::circuit_open));
    const MetricsSnapshot snapshot = metrics.snapshot();
    CHECK(snapshot.total("backstay.calls") == 2);
    CHECK(snapshot.total("backstay.calls", {{"outcome", "service_unavailable"},
                                            {"stop_reason", "refused"},
                                            {"refused_by", "circuit_breaker"}}) == 1);
    CHECK(snapshot.total("backstay.calls", {{"outcome", "circuit_open"}}) == 1);
    CHECK(snapshot.total("backstay.attempts", {{"kind", "service_unavailable"}}) == 2);
    CHECK(snapshot.total("backstay.attempts", {{"kind", "service_unavailable"}, {"number", "3"}}) == 1);
    CHECK(snapshot.total("http.client.request.duration",
                         {{"error.type", "service_unavailable"}, {"http.response.status_code", "503"}}) == 2);
    const MetricFamily* const durations = snapshot.find("http.client.request.duration");
    REQUIRE(durations != nullptr);
    const auto lost =
        std::find_if(durations->metrics.begin(), durations->metrics.end(),
                     [](const Metric& metric) { return metric.label("error.type") == "connection_lost"; });
    REQUIRE(lost != durations->metrics.end());
    CHECK(lost->label("http.response.status_code").empty());
    CHECK(snapshot.total("http.request.resend_count") == 3); // two repeats, and one of the transport's
}

TEST_CASE("a duration falls into the range whose upper end it does not exceed", "[metrics]") {
    MetricsObserver metrics;
    for (const Duration duration : {Duration(0ms), Duration(5ms), Duration(5ms + 1ns), Duration(10s),
                                    Duration(10s + 1ns), Duration(1h)}) {
        metrics.notify(attempt(1, FailureKind::none, 200, duration));
    }
    const MetricsSnapshot snapshot = metrics.snapshot();
    const MetricFamily* const family = snapshot.find("http.client.request.duration");
    REQUIRE(family != nullptr);
    CHECK(family->unit == "s");
    CHECK(family->type == MetricType::histogram);
    const HistogramValue& value = family->metrics.at(0).histogram;
    CHECK(value.bounds ==
          std::vector<double>{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10});
    CHECK(value.counts == std::vector<std::uint64_t>{2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2});
    CHECK(value.count == 6);
    CHECK(value.sum == Approx(3620.01).epsilon(1e-9));
}

TEST_CASE("connections count by what became of them, new ones with the parts of their making", "[metrics]") {
    MetricsObserver metrics;
    Event opened = about(EventType::connection_opened);
    opened.lookup_time = 1ms;
    opened.tcp_time = 20ms;
    opened.tls_time = 60ms;
    metrics.notify(opened);
    opened.tls_time = 0ms; // plain http
    metrics.notify(opened);
    metrics.notify(about(EventType::connection_reused));
    metrics.notify(about(EventType::connection_stale));
    metrics.notify(about(EventType::connection_closed));
    Event answered = attempt();
    answered.first_byte_time = 15ms;
    metrics.notify(answered);
    metrics.notify(attempt()); // by a transport that does not say
    const MetricsSnapshot snapshot = metrics.snapshot();
    CHECK(lines(snapshot, "backstay.connections") == Lines{"origin=https://api.test:443 event=closed : 1",
                                                           "origin=https://api.test:443 event=opened : 2",
                                                           "origin=https://api.test:443 event=reused : 1",
                                                           "origin=https://api.test:443 event=stale : 1"});
    CHECK(lines(snapshot, "backstay.dns.duration") == Lines{"origin=https://api.test:443 : 2"});
    CHECK(lines(snapshot, "backstay.connect.duration") == Lines{"origin=https://api.test:443 : 2"});
    CHECK(lines(snapshot, "backstay.tls.duration") == Lines{"origin=https://api.test:443 : 1"});
    CHECK(lines(snapshot, "backstay.first_byte.duration") ==
          Lines{"operation=get order origin=https://api.test:443 : 1"});
    CHECK(snapshot.find("backstay.tls.duration")->metrics.at(0).histogram.sum == Approx(0.06));
}

TEST_CASE("calls that had to wait for a policy are told with their waits", "[metrics]") {
    MetricsObserver metrics;
    Event waited = call();
    waited.queued = 300ms;
    metrics.notify(waited);
    metrics.notify(call());
    CHECK(lines(metrics.snapshot(), "backstay.queue.wait") ==
          Lines{"operation=get order origin=https://api.test:443 : 1"});
}

TEST_CASE("refusals count by who refused, a dry run's apart; other events by their type", "[metrics]") {
    MetricsObserver metrics;
    Event refused = about(EventType::refused);
    refused.refused_by = RefusedBy::circuit_breaker;
    metrics.notify(refused);
    metrics.notify(refused);
    refused.dry_run = true;
    metrics.notify(refused);
    metrics.notify(about(EventType::circuit_opened));
    metrics.notify(about(EventType::hedge_won));
    const MetricsSnapshot snapshot = metrics.snapshot();
    CHECK(
        lines(snapshot, "backstay.refusals") ==
        Lines{"operation=get order origin=https://api.test:443 dry_run=false refused_by=circuit_breaker : 2",
              "operation=get order origin=https://api.test:443 dry_run=true refused_by=circuit_breaker : 1"});
    CHECK(snapshot.total("backstay.events", {{"event", "circuit_opened"}}) == 1);
    CHECK(snapshot.total("backstay.events") == 2);
}

TEST_CASE("trap: labels are bounded, whatever operations, statuses, kinds and attempts there are",
          "[metrics]") {
    MetricsObserver metrics({.max_operations = 5});
    for (int i = 0; i < 1'000; ++i) {
        const std::string operation = "get order " + std::to_string(i);
        Event event =
            attempt(i % 7, FailureKind(static_cast<std::uint8_t>(i)), static_cast<std::uint16_t>(i));
        event.operation = operation;
        metrics.notify(event);
        event = call(i, FailureKind(static_cast<std::uint8_t>(i)));
        event.operation = operation;
        metrics.notify(event);
        event = attempt(i, FailureKind(static_cast<std::uint8_t>(i)), static_cast<std::uint16_t>(i));
        metrics.notify(event); // many outcomes of one operation
    }
    const MetricsSnapshot snapshot = metrics.snapshot();
    CHECK(snapshot.total("backstay.calls") == 1'000);
    CHECK(snapshot.total("backstay.attempts") == 2'000);
    CHECK(snapshot.total("http.client.request.duration") == 2'000);
    CHECK(snapshot.total("backstay.calls", {{"operation", "other"}}) == 996);
    for (const MetricFamily& family : snapshot.families) {
        CHECK(family.metrics.size() <= 6U * 65U);
        for (const Metric& metric : family.metrics) {
            CHECK(metric.label("number") != "11");
        }
    }
    CHECK(snapshot.total("backstay.attempts", {{"kind", "other"}, {"number", "other"}}) > 0);
    CHECK(snapshot.total("http.client.request.duration", {{"error.type", "other"}}) > 0);
}

TEST_CASE("a user's own kinds count as one, attempts beyond the ninth as well", "[metrics]") {
    MetricsObserver metrics;
    metrics.notify(attempt(10, FailureKind{128}, 0));
    metrics.notify(attempt(500, FailureKind{200}, 0));
    CHECK(lines(metrics.snapshot(), "backstay.attempts") ==
          Lines{"operation=get order origin=https://api.test:443 kind=custom number=10+ : 2"});
}

TEST_CASE("an operation that is named like the rest counts with it", "[metrics]") {
    MetricsObserver metrics({.max_operations = 1});
    for (const auto* const name : {"other", "a", "b"}) {
        Event event = call();
        event.operation = name;
        event.origin = "other";
        metrics.notify(event);
    }
    CHECK(lines(metrics.snapshot(), "backstay.calls") ==
          Lines{"operation=other origin=other outcome=success refused_by=none stop_reason=none : 3"});
}

TEST_CASE("an origin of an IPv6 address, and what is no origin, have a server's address", "[metrics]") {
    MetricsObserver metrics;
    Event event = attempt();
    event.origin = "http://[::1]:8080";
    metrics.notify(event);
    event.origin = "database";
    metrics.notify(event);
    CHECK(lines(metrics.snapshot(), "http.client.request.duration") ==
          Lines{"operation=get order server.address=::1 server.port=8080 url.scheme=http "
                "http.response.status_code=200 : 1",
                "operation=get order server.address=database http.response.status_code=200 : 1"});
}

TEST_CASE("sources are read when a snapshot is taken", "[metrics]") {
    MetricsObserver metrics;
    double tokens = 3;
    metrics.add_gauge(metrics::budget_tokens, {{"name", "orders"}}, [&tokens] { return tokens; });
    CHECK(lines(metrics.snapshot(), "backstay.budget.tokens") == Lines{"name=orders : 3"});
    tokens = 2;
    CHECK(lines(metrics.snapshot(), "backstay.budget.tokens") == Lines{"name=orders : 2"});
}

TEST_CASE("a source that throws is passed over and counted", "[metrics]") {
    MetricsObserver metrics;
    metrics.add_gauge(metrics::breaker_state, {}, []() -> double { throw std::runtime_error("gone"); });
    metrics.add_gauge(metrics::pool_open, {}, [] { return 1.0; });
    CHECK(metrics.snapshot().total("backstay.events.dropped", {{"observer", "metric_source"}}) == 1);
    const MetricsSnapshot second = metrics.snapshot();
    CHECK(second.total("backstay.events.dropped", {{"observer", "metric_source"}}) == 2);
    CHECK(second.find("backstay.breaker.state") == nullptr);
    CHECK(second.total("backstay.pool.open") == 1);
}

TEST_CASE("a source cannot change what is counted here, nor a set of labels be there twice", "[metrics]") {
    struct Liar final : MetricSource {
        void read(MetricSink& into) const override {
            into.gauge({.name = "backstay.calls"}, {}, 1e6);
            into.gauge({.name = "mine"}, {{"a", "1"}}, 1);
            into.gauge({.name = "mine"}, {{"a", "1"}}, 2);
            into.counter({.name = "sum"}, {}, 1);
            into.counter({.name = "sum"}, {}, 2);
        }
    };
    MetricsObserver metrics;
    metrics.notify(call());
    metrics.add(std::make_shared<Liar>());
    const MetricsSnapshot snapshot = metrics.snapshot();
    CHECK(snapshot.total("backstay.calls") == 1);
    CHECK(lines(snapshot, "mine") == Lines{"a=1 : 2"});
    CHECK(lines(snapshot, "sum") == Lines{": 3"});
}

TEST_CASE("what another observer dropped is shown under its name", "[metrics]") {
    struct Throwing final : Observer {
        void on_event(const Event&) override { throw std::runtime_error("no"); }
    } log;
    MetricsObserver metrics;
    metrics.watch("log", log);
    log.notify(call());
    CHECK(metrics.snapshot().total("backstay.events.dropped", {{"observer", "log"}}) == 1);
}

TEST_CASE("families and label sets come in order", "[metrics]") {
    MetricsObserver metrics;
    for (int i = 9; i > 0; --i) {
        metrics.notify(attempt(i));
        metrics.notify(call(i));
    }
    const MetricsSnapshot snapshot = metrics.snapshot();
    CHECK(std::is_sorted(snapshot.families.begin(), snapshot.families.end(),
                         [](const MetricFamily& a, const MetricFamily& b) { return a.name < b.name; }));
    const auto& attempts = snapshot.find("backstay.attempts")->metrics;
    CHECK(attempts.size() == 9);
    CHECK(std::is_sorted(attempts.begin(), attempts.end(),
                         [](const Metric& a, const Metric& b) { return a.labels < b.labels; }));
}

TEST_CASE("an option out of range is refused with its name", "[metrics]") {
    for (const std::size_t most : {std::size_t{0}, std::size_t{10'001}}) {
        CHECK_THROWS_WITH(MetricsObserver({.max_operations = most}), "MetricsOptions.max_operations is " +
                                                                         std::to_string(most) +
                                                                         ", allowed is 1 to 10000");
    }
}
