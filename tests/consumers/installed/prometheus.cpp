#include <backstay/prometheus/metrics_collector.hpp>

#include <cstdio>

// Counts one call and looks at it as Prometheus will.
int main() {
    backstay::MetricsObserver metrics;
    metrics.notify({.type = backstay::EventType::call_ended, .attempt = 1});
    const backstay::PrometheusCollector collector{metrics};
    for (const auto& family : collector.Collect()) {
        std::printf("%s\n", family.name.c_str());
        if (family.name == "backstay_calls_total") {
            return family.metric.size() == 1 ? 0 : 1;
        }
    }
    return 1;
}
