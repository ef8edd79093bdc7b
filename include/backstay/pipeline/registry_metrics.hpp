#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/metric_source.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/pipeline/registry.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// Gives what a registry's breakers, cool-downs, budgets and limits hold as metrics: each with the label
/// `name`, its entry's, and where a policy keeps one state for each key, `key`. What is registered later
/// shows as well.
/// Lifetime: registry and runtime outlive it. Thread safety: as the registry's.
class BACKSTAY_EXPORT RegistryMetrics final : public MetricSource {
public:
    /// `runtime` tells the time as of which the state is shown.
    RegistryMetrics(const Registry& registry, Runtime& runtime) noexcept
        : registry_(registry), runtime_(runtime) {}

    void read(MetricSink& into) const override;

private:
    const Registry& registry_;
    Runtime& runtime_;
};

} // namespace backstay::inline BACKSTAY_ABI
