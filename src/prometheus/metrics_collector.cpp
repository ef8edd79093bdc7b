#include <backstay/prometheus/metrics_collector.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// Replaces what a name may not hold. A label's name may not hold a colon, nor begin with two underscores.
std::string plain_name(std::string_view name) {
    std::string plain;
    for (const char c : name) {
        const bool digit = c >= '0' && c <= '9';
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (digit && plain.empty()) {
            plain += '_';
        }
        plain += digit || letter ? c : '_';
    }
    return plain;
}

std::string_view suffix_of(std::string_view unit) noexcept {
    if (unit == "s") {
        return "_seconds";
    }
    if (unit == "By") {
        return "_bytes";
    }
    return unit == "1" ? "_ratio" : ""; // an annotation in braces is none
}

void append_once(std::string& name, std::string_view suffix) {
    if (!name.ends_with(suffix)) {
        name += suffix;
    }
}

::prometheus::MetricType type_of(MetricType type) noexcept {
    switch (type) {
    case MetricType::counter:
        return ::prometheus::MetricType::Counter;
    case MetricType::histogram:
        return ::prometheus::MetricType::Histogram;
    case MetricType::gauge:
        break;
    }
    return ::prometheus::MetricType::Gauge;
}

/// Ranges become cumulative, the last one without an end.
::prometheus::ClientMetric::Histogram histogram_of(const HistogramValue& value) {
    ::prometheus::ClientMetric::Histogram made;
    made.sample_count = value.count;
    made.sample_sum = value.sum;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < value.counts.size(); ++i) {
        below += value.counts[i];
        auto& bucket = made.bucket.emplace_back();
        bucket.cumulative_count = below;
        bucket.upper_bound =
            i < value.bounds.size() ? value.bounds[i] : std::numeric_limits<double>::infinity();
    }
    return made;
}

::prometheus::ClientMetric metric_of(const Metric& metric, MetricType type) {
    ::prometheus::ClientMetric made;
    for (const MetricLabel& label : metric.labels) {
        auto& copied = made.label.emplace_back();
        copied.name = plain_name(label.name);
        copied.value = label.value;
    }
    switch (type) {
    case MetricType::counter:
        made.counter.value = metric.value;
        break;
    case MetricType::gauge:
        made.gauge.value = metric.value;
        break;
    case MetricType::histogram:
        made.histogram = histogram_of(metric.histogram);
        break;
    }
    return made;
}

} // namespace

std::string prometheus_name(const MetricFamily& family) {
    std::string name = plain_name(family.name);
    append_once(name, suffix_of(family.unit));
    if (family.type == MetricType::counter) {
        append_once(name, "_total");
    }
    return name;
}

std::vector<::prometheus::MetricFamily> to_prometheus(const MetricsSnapshot& snapshot) {
    std::vector<::prometheus::MetricFamily> families;
    families.reserve(snapshot.families.size());
    for (const MetricFamily& family : snapshot.families) {
        auto& made = families.emplace_back();
        made.name = prometheus_name(family);
        made.help = family.help;
        made.type = type_of(family.type);
        made.metric.reserve(family.metrics.size());
        for (const Metric& metric : family.metrics) {
            made.metric.push_back(metric_of(metric, family.type));
        }
    }
    return families;
}

std::vector<::prometheus::MetricFamily> PrometheusCollector::Collect() const {
    return to_prometheus(metrics_.snapshot());
}

} // namespace backstay::inline BACKSTAY_ABI
