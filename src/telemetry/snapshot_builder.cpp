#include "telemetry/snapshot_builder.hpp"

#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

void SnapshotBuilder::gauge(const MetricInfo& what, MetricLabels labels, double value) {
    if (Metric* const metric = find(what, MetricType::gauge, std::move(labels))) {
        metric->value = value;
    }
}

void SnapshotBuilder::counter(const MetricInfo& what, MetricLabels labels, double value) {
    if (Metric* const metric = find(what, MetricType::counter, std::move(labels))) {
        metric->value += value;
    }
}

void SnapshotBuilder::histogram(const MetricInfo& what, MetricLabels labels, const DurationHistogram& value) {
    if (Metric* const metric = find(what, MetricType::histogram, std::move(labels))) {
        value.add_to(metric->histogram);
    }
}

Metric* SnapshotBuilder::find(const MetricInfo& what, MetricType type, MetricLabels&& labels) {
    auto family = families_.find(what.name);
    if (family == families_.end()) {
        Family made{
            .unit = std::string(what.unit), .help = std::string(what.help), .type = type, .metrics = {}};
        family = families_.emplace(what.name, std::move(made)).first;
    }
    return family->second.type == type ? &family->second.metrics[std::move(labels)] : nullptr;
}

MetricsSnapshot SnapshotBuilder::build() && {
    MetricsSnapshot snapshot;
    snapshot.families.reserve(families_.size());
    for (auto& [name, family] : families_) {
        MetricFamily& made = snapshot.families.emplace_back();
        made.name = name;
        made.unit = std::move(family.unit);
        made.help = std::move(family.help);
        made.type = family.type;
        made.metrics.reserve(family.metrics.size());
        for (auto& [labels, metric] : family.metrics) {
            metric.labels = labels;
            made.metrics.push_back(std::move(metric));
        }
    }
    return snapshot;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
