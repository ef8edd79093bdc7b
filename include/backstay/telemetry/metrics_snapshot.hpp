#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/metric_source.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(MetricType type) noexcept;

/// How often values fell into which range.
struct HistogramValue {
    std::vector<double> bounds{};        ///< upper ends, included, ascending
    std::vector<std::uint64_t> counts{}; ///< one for each range, and one beyond the last bound
    std::uint64_t count = 0;             ///< of all
    double sum = 0;
};

/// One set of labels and its value.
struct Metric {
    MetricLabels labels{};
    double value = 0;           ///< of a counter or a gauge
    HistogramValue histogram{}; ///< of a histogram

    /// The value of a label; empty when there is none of that name.
    [[nodiscard]] BACKSTAY_EXPORT std::string_view label(std::string_view name) const noexcept;
};

struct MetricFamily {
    std::string name{}; ///< as OpenTelemetry writes it, with dots
    std::string unit{}; ///< UCUM; empty: none
    std::string help{};
    MetricType type = MetricType::gauge;
    std::vector<Metric> metrics{}; ///< in the order of their labels, each set of labels once
};

/// What was counted and what the sources said, at one moment. Not a consistent cut: what happens meanwhile
/// may show in one family and not yet in another.
struct MetricsSnapshot {
    std::vector<MetricFamily> families{}; ///< in the order of their names

    /// Finds a family; null when it has no values.
    [[nodiscard]] BACKSTAY_EXPORT const MetricFamily* find(std::string_view name) const noexcept;
    /// Adds up a counter, or the values that a histogram took, over the label sets that hold all of `labels`.
    [[nodiscard]] BACKSTAY_EXPORT double total(std::string_view name,
                                               const MetricLabels& labels = MetricLabels()) const noexcept;
};

} // namespace backstay::inline BACKSTAY_ABI
