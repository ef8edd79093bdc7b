#include <backstay/telemetry/metrics_observer.hpp>

#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

/// Labels and counts of all families, a histogram's ranges as labels: what the model knows.
using Counts = std::map<std::string, std::uint64_t>;

/// Counts plainly: one map, one string for each label set.
class PlainMetrics {
public:
    explicit PlainMetrics(std::size_t most) : most_(most) {}

    void see(const Event& event) {
        const auto [origin, operation] = names(event);
        const std::string place = origin + " " + operation;
        const std::string kind{event.kind == FailureKind::none ? "success" : to_string(event.kind)};
        if (event.type == EventType::attempt_ended) {
            const std::string number = event.attempt >= 10 ? "10+" : std::to_string(event.attempt);
            ++counts[place + " attempt " + kind + " " + number];
            ++counts[place + " took " + kind + " " + std::to_string(event.status) + " " +
                     range(event.duration)];
            if (event.first_byte_time > 0s) {
                ++counts[place + " first_byte " + range(event.first_byte_time)];
            }
        } else if (event.type == EventType::call_ended) {
            ++counts[place + " call " + kind + " " + std::string(to_string(event.stop_reason)) + " " +
                     std::string(to_string(event.refused_by))];
            if (const int resends = std::max(event.attempt - 1, 0) + event.resends; resends > 0) {
                counts[place + " resends"] += static_cast<std::uint64_t>(resends);
            }
            if (event.queued > 0s) {
                ++counts[place + " queued " + range(event.queued)];
            }
        } else {
            ++counts[origin + " connection " + std::string(to_string(event.type))];
        }
    }

    static std::string range(Duration duration) {
        const double seconds = std::chrono::duration<double>(duration).count();
        for (const double end :
             {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0}) {
            if (seconds <= end) {
                return std::to_string(end);
            }
        }
        return "more";
    }

    Counts counts;

private:
    std::pair<std::string, std::string> names(const Event& event) {
        std::pair<std::string, std::string> named{event.origin, event.operation};
        if (known_.count(named) == 0 && known_.size() == most_) {
            return {"other", "other"};
        }
        known_.insert(named);
        return named;
    }

    std::size_t most_;
    std::set<std::pair<std::string, std::string>> known_;
};

std::string label(const Metric& metric, std::string_view name, std::string_view otherwise = "") {
    const std::string_view found = metric.label(name);
    return std::string(found.empty() ? otherwise : found);
}

/// Reads a snapshot back into what the model knows.
Counts read(const MetricsSnapshot& snapshot) {
    Counts counts;
    const auto ranges = [&counts](const std::string& place, const HistogramValue& value) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < value.counts.size(); ++i) {
            sum += value.counts[i];
            if (value.counts[i] > 0) {
                counts[place + " " + (i < value.bounds.size() ? std::to_string(value.bounds[i]) : "more")] =
                    value.counts[i];
            }
        }
        CHECK(sum == value.count);
    };
    for (const MetricFamily& family : snapshot.families) {
        for (const Metric& metric : family.metrics) {
            std::string place = label(metric, "origin");
            if (place.empty()) {
                place = label(metric, "server.address");
                const std::string port = label(metric, "server.port");
                place = port.empty() ? place : label(metric, "url.scheme") + "://" + place + ":" + port;
            }
            const std::string operation = ' ' + label(metric, "operation");
            const auto value = static_cast<std::uint64_t>(metric.value);
            if (family.name == "backstay.attempts") {
                counts[place + operation + " attempt " + label(metric, "kind") + " " +
                       label(metric, "number")] = value;
            } else if (family.name == "http.client.request.duration") {
                ranges(place + operation + " took " + label(metric, "error.type", "success") + " " +
                           label(metric, "http.response.status_code", "0"),
                       metric.histogram);
            } else if (family.name == "backstay.first_byte.duration") {
                ranges(place + operation + " first_byte", metric.histogram);
            } else if (family.name == "backstay.calls") {
                counts[place + operation + " call " + label(metric, "outcome") + " " +
                       label(metric, "stop_reason") + " " + label(metric, "refused_by")] = value;
            } else if (family.name == "http.request.resend_count") {
                counts[place + operation + " resends"] = value;
            } else if (family.name == "backstay.queue.wait") {
                ranges(place + operation + " queued", metric.histogram);
            } else if (family.name == "backstay.connections") {
                counts[place + " connection connection_" + label(metric, "event")] = value;
            }
        }
    }
    return counts;
}

Event random_event(Random& random) {
    static constexpr std::array<std::string_view, 3> origins{"https://a.test:443", "http://b.test:80",
                                                             "https://c.test:8443"};
    static constexpr std::array<std::string_view, 5> operations{"get", "put", "list orders", "a", ""};
    static constexpr std::array<Duration, 8> durations{0s,    1ns,   5ms,    5ms + 1ns,
                                                       100ms, 999ms, 7500ms, 10s + 1ns};
    static constexpr std::array<EventType, 6> types{
        EventType::attempt_ended,     EventType::attempt_ended,    EventType::call_ended,
        EventType::connection_reused, EventType::connection_stale, EventType::connection_closed};
    static constexpr std::array<FailureKind, 5> kinds{FailureKind::none, FailureKind::none,
                                                      FailureKind::server_error, FailureKind::circuit_open,
                                                      FailureKind{150}};
    const auto pick = [&random](const auto& list) { return list[random.next() % std::size(list)]; };
    Event event{
        .type = pick(types), .kind = pick(kinds), .origin = pick(origins), .operation = pick(operations)};
    event.attempt = static_cast<int>(random.next() % 12);
    event.status = event.kind == FailureKind::server_error ? 500 : 0;
    event.stop_reason = static_cast<StopReason>(random.next() % 3);
    event.refused_by = static_cast<RefusedBy>(random.next() % 2);
    event.duration = pick(durations);
    event.first_byte_time = pick(durations);
    event.queued = random.next() % 3 == 0 ? pick(durations) : Duration(0);
    event.resends = static_cast<int>(random.next() % 2);
    return event;
}

} // namespace

TEST_CASE("metrics are what a plain model counts, over ten thousand random histories", "[metrics][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        Random random{seed};
        const std::size_t most = 1 + random.next() % 6;
        MetricsObserver metrics({.max_operations = most});
        PlainMetrics model(most);
        for (std::uint64_t left = random.next() % 12; left > 0; --left) {
            const Event event = random_event(random);
            metrics.notify(event);
            model.see(event);
        }
        const Counts seen = read(metrics.snapshot());
        if (seen != model.counts) {
            FAIL("seed " << seed << " differs from the model");
        }
    }
    SUCCEED();
}
