#include <backstay/pipeline/registry_metrics.hpp>

#include <backstay/policy/circuit_breaker.hpp>

#include <array>
#include <chrono>
#include <string_view>
#include <type_traits>
#include <variant>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// Which field of which kind of policy is which metric.
struct Shown {
    std::string_view kind;
    std::string_view field;
    const MetricInfo& metric;
};

constexpr std::array<Shown, 8> shown = {{
    {"circuit_breaker", "state", metrics::breaker_state},
    {"cool_down", "remaining", metrics::cool_down_remaining},
    {"retry_budget", "tokens", metrics::budget_tokens},
    {"concurrency_limit", "in_flight", metrics::limit_in_flight},
    {"concurrency_limit", "queued", metrics::limit_queued},
    {"adaptive_concurrency", "in_flight", metrics::limit_in_flight},
    {"adaptive_concurrency", "queued", metrics::limit_queued},
    {"rate_limiter", "queued", metrics::limit_queued},
}};

/// Numbers a breaker's state as `metrics::breaker_state` says.
double number_of(std::string_view state) noexcept {
    for (const auto each :
         {CircuitState::closed, CircuitState::open, CircuitState::half_open, CircuitState::isolated}) {
        if (state == to_string(each)) {
            return static_cast<double>(each);
        }
    }
    return -1;
}

double number_of(const StateValue& value) noexcept {
    return std::visit(
        [](const auto& held) {
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, std::string>) {
                return number_of(std::string_view(held));
            } else if constexpr (std::is_same_v<Held, Duration>) {
                return std::chrono::duration<double>(held).count();
            } else {
                return static_cast<double>(held);
            }
        },
        value);
}

} // namespace

void RegistryMetrics::read(MetricSink& into) const {
    for (const RegistryItem& item : registry_.snapshot(runtime_.now())) {
        for (const KeyedState& state : item.states) {
            MetricLabels labels{{.name = "name", .value = item.name}};
            if (!state.key.empty()) {
                labels.push_back({.name = "key", .value = state.key});
            }
            for (const Shown& each : shown) {
                const StateValue* const value = each.kind == item.kind ? state.find(each.field) : nullptr;
                if (value != nullptr) {
                    into.gauge(each.metric, labels, number_of(*value));
                }
            }
        }
    }
}

} // namespace backstay::inline BACKSTAY_ABI
