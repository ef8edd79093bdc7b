#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>
#include <backstay/core/metric_source.hpp>
#include <backstay/telemetry/metrics_snapshot.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

struct MetricsOptions {
    /// So many operations (of one origin each) are told apart; the rest counts under `other`. 1 to 10 000.
    std::size_t max_operations = 200;
};

/// Counts what calls, attempts and connections came to, for a snapshot whenever somebody looks. Names are
/// those of OpenTelemetry's HTTP client conventions where these have one; docs/telemetry.md lists all, with
/// their labels. Labels are bounded: operations by option, outcomes by their kinds; nothing of a path.
/// Values that are looked at (breakers, budgets, limits, pools) come from sources.
/// Errors: construction throws `std::invalid_argument` for an option that is out of range.
/// Thread safety: all members from any thread. Cost: no lock; counters are parted by thread.
class BACKSTAY_EXPORT MetricsObserver final : public Observer {
public:
    explicit MetricsObserver(const MetricsOptions& options = MetricsOptions());
    ~MetricsObserver() override;

    /// Reads this source for every snapshot from now on. When it throws, what it gave before stands, and
    /// `backstay.events.dropped` counts it as `metric_source`.
    void add(std::shared_ptr<const MetricSource> source);

    /// The same for a single value: `add_gauge(metrics::budget_tokens, {{"name", "orders"}}, [budget]
    /// {...})`.
    void add_gauge(const MetricInfo& what, MetricLabels labels, std::function<double()> value);

    /// Shows that observer's `dropped` too, under this name. Lifetime: it outlives this one.
    void watch(std::string name, const Observer& other);

    [[nodiscard]] MetricsSnapshot snapshot() const;

protected:
    void on_event(const Event& event) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace backstay::inline BACKSTAY_ABI
