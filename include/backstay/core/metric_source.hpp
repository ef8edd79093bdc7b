#pragma once

#include <backstay/core/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

struct MetricLabel {
    std::string name{};
    std::string value{};
    friend auto operator<=>(const MetricLabel&, const MetricLabel&) = default;
};
using MetricLabels = std::vector<MetricLabel>;

/// What a metric is: the same for all its label sets. Lifetime: the views name what outlives the use.
struct MetricInfo {
    std::string_view name{}; ///< with dots, as in OpenTelemetry: `backstay.pool.idle`
    std::string_view unit{}; ///< UCUM: `s`, `{connection}`; empty: none
    std::string_view help{}; ///< one sentence
};

/// Takes the values that a source gives.
class BACKSTAY_EXPORT MetricSink {
public:
    MetricSink() = default;
    MetricSink(const MetricSink&) = delete;
    MetricSink& operator=(const MetricSink&) = delete;

    /// Takes what can go up and down.
    virtual void gauge(const MetricInfo& what, MetricLabels labels, double value) = 0;
    /// Takes a sum since the start, which only grows.
    virtual void counter(const MetricInfo& what, MetricLabels labels, double value) = 0;

protected:
    ~MetricSink() = default;
};

/// Knows values that need not be reported when they change: they are asked for when somebody looks.
/// Thread safety: `read` may be called from any thread, by several at once. It may throw.
class BACKSTAY_EXPORT MetricSource {
public:
    MetricSource() = default;
    MetricSource(const MetricSource&) = delete;
    MetricSource& operator=(const MetricSource&) = delete;
    virtual ~MetricSource() = default;

    virtual void read(MetricSink& into) const = 0;
};

/// The metrics that come from sources. Their labels say whose they are (`origin`, `name` ...), and are as
/// many as there are breakers, budgets, limits and pools.
namespace metrics {
inline constexpr MetricInfo breaker_state{"backstay.breaker.state", "",
                                          "0 closed, 1 open, 2 half-open, 3 isolated"};
inline constexpr MetricInfo cool_down_remaining{"backstay.cool_down.remaining", "s",
                                                "How long a gate stays closed"};
inline constexpr MetricInfo budget_tokens{"backstay.budget.tokens", "{retry}",
                                          "Retries that a budget would allow now"};
inline constexpr MetricInfo limit_in_flight{"backstay.limit.in_flight", "{attempt}",
                                            "Attempts that hold a slot of a limit"};
inline constexpr MetricInfo limit_queued{"backstay.limit.queued", "{attempt}",
                                         "Attempts that wait for a slot"};
inline constexpr MetricInfo pool_open{"backstay.pool.open", "{connection}",
                                      "Connections in use, idle and being made"};
inline constexpr MetricInfo pool_idle{"backstay.pool.idle", "{connection}", "Connections that are unused"};
inline constexpr MetricInfo pool_connecting{"backstay.pool.connecting", "{connection}",
                                            "Connections that are being made"};
inline constexpr MetricInfo pool_stale{
    "backstay.pool.stale", "{connection}",
    "Unused connections whose time is over, to be closed when the next call comes"};
inline constexpr MetricInfo pool_queued{"backstay.pool.queued", "{call}", "Calls that wait for a connection"};
inline constexpr MetricInfo events_dropped{"backstay.events.dropped", "{event}",
                                           "Events on which an observer threw"};
} // namespace metrics

} // namespace backstay::inline BACKSTAY_ABI
