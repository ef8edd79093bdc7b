#pragma once

#include "telemetry/duration_histogram.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/metric_source.hpp>
#include <backstay/telemetry/metrics_snapshot.hpp>

#include <map>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Puts a snapshot together. What comes twice with the same labels is added up; of a gauge, the last one
/// counts. A source cannot change what is known by that name already as something else.
class SnapshotBuilder final : public MetricSink {
public:
    void gauge(const MetricInfo& what, MetricLabels labels, double value) override;
    void counter(const MetricInfo& what, MetricLabels labels, double value) override;
    void histogram(const MetricInfo& what, MetricLabels labels, const DurationHistogram& value);

    [[nodiscard]] MetricsSnapshot build() &&;

private:
    struct Family {
        std::string unit;
        std::string help;
        MetricType type;
        std::map<MetricLabels, Metric> metrics;
    };

    /// Null when the name is known as something of another type.
    Metric* find(const MetricInfo& what, MetricType type, MetricLabels&& labels);

    std::map<std::string, Family, std::less<>> families_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
