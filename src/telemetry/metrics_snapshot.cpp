#include <backstay/telemetry/metrics_snapshot.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace backstay::inline BACKSTAY_ABI {

std::string_view to_string(MetricType type) noexcept {
    static constexpr std::array<std::string_view, 3> names{"counter", "gauge", "histogram"};
    return names.at(static_cast<std::size_t>(type));
}

std::string_view Metric::label(std::string_view name) const noexcept {
    const auto found = std::find_if(labels.begin(), labels.end(),
                                    [name](const MetricLabel& label) { return label.name == name; });
    return found != labels.end() ? std::string_view{found->value} : std::string_view{};
}

const MetricFamily* MetricsSnapshot::find(std::string_view name) const noexcept {
    const auto found = std::find_if(families.begin(), families.end(),
                                    [name](const MetricFamily& family) { return family.name == name; });
    return found != families.end() ? &*found : nullptr;
}

double MetricsSnapshot::total(std::string_view name, const MetricLabels& labels) const noexcept {
    const MetricFamily* const family = find(name);
    double sum = 0;
    if (family == nullptr) {
        return sum;
    }
    for (const Metric& metric : family->metrics) {
        const bool wanted = std::all_of(labels.begin(), labels.end(), [&metric](const MetricLabel& label) {
            return metric.label(label.name) == label.value;
        });
        if (wanted) {
            sum += family->type == MetricType::histogram ? static_cast<double>(metric.histogram.count)
                                                         : metric.value;
        }
    }
    return sum;
}

} // namespace backstay::inline BACKSTAY_ABI
