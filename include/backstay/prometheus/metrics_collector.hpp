#pragma once

#include <backstay/core/config.hpp>
#include <backstay/telemetry/metrics_observer.hpp>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// Gives a metrics observer's snapshots to prometheus-cpp: register it with an `Exposer`.
///
///     auto collector = std::make_shared<PrometheusCollector>(metrics);
///     prometheus::Exposer exposer{"127.0.0.1:9464"};
///     exposer.RegisterCollectable(collector);
///
/// Lifetime: the observer outlives it. Thread safety: as the observer's.
class BACKSTAY_EXPORT PrometheusCollector final : public ::prometheus::Collectable {
public:
    explicit PrometheusCollector(const MetricsObserver& metrics) noexcept : metrics_(metrics) {}

    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

private:
    const MetricsObserver& metrics_;
};

/// Writes a snapshot as prometheus-cpp has it.
[[nodiscard]] BACKSTAY_EXPORT std::vector<::prometheus::MetricFamily>
to_prometheus(const MetricsSnapshot& snapshot);

/// Names a family as Prometheus does: underscores for dots, then the unit (`_seconds`), then `_total` for a
/// counter. Source: the OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility".
[[nodiscard]] BACKSTAY_EXPORT std::string prometheus_name(const MetricFamily& family);

} // namespace backstay::inline BACKSTAY_ABI
