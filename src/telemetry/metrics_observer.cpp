#include <backstay/telemetry/metrics_observer.hpp>

#include "core/check_option.hpp"
#include "telemetry/metric_cells.hpp"
#include "telemetry/metric_codes.hpp"
#include "telemetry/metric_families.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// A call that succeeds at once over a connection that is there costs no more than three of these.
EventSet counted() noexcept {
    using enum EventType;
    EventSet set;
    for (const EventType type :
         {attempt_ended, call_ended, timed_out, circuit_opened, circuit_half_open, circuit_closed,
          cooled_down, refused, hedge_sent, hedge_won, credential_refreshed, connection_opened,
          connection_reused, connection_stale, connection_closed, fell_back, chaos_injected}) {
        set.add(type);
    }
    return set;
}

class OneGauge final : public MetricSource {
public:
    OneGauge(const MetricInfo& what, MetricLabels labels, std::function<double()> value)
        : name_(what.name),
          unit_(what.unit),
          help_(what.help),
          labels_(std::move(labels)),
          value_(std::move(value)) {}

    void read(MetricSink& into) const override { into.gauge({name_, unit_, help_}, labels_, value_()); }

private:
    std::string name_;
    std::string unit_;
    std::string help_;
    MetricLabels labels_;
    std::function<double()> value_;
};

class Dropped final : public MetricSource {
public:
    Dropped(std::string name, const Observer& observer) : name_(std::move(name)), observer_(observer) {}

    void read(MetricSink& into) const override {
        into.counter(metrics::events_dropped, {{"observer", name_}},
                     static_cast<double>(observer_.dropped()));
    }

private:
    std::string name_;
    const Observer& observer_;
};

} // namespace

struct MetricsObserver::State {
    explicit State(std::size_t most) : cells(most) {}

    detail::MetricCells cells;
    mutable std::atomic<std::uint64_t> failed_reads{0};
    std::mutex mutex; ///< for the sources
    std::vector<std::shared_ptr<const MetricSource>> sources;
};

MetricsObserver::MetricsObserver(const MetricsOptions& options) : Observer(counted()) {
    check_option(options.max_operations >= 1 && options.max_operations <= 10'000,
                 "MetricsOptions.max_operations", options.max_operations, "1 to 10000");
    state_ = std::make_unique<State>(options.max_operations);
}

MetricsObserver::~MetricsObserver() = default;

void MetricsObserver::add(std::shared_ptr<const MetricSource> source) {
    const std::lock_guard lock(state_->mutex);
    state_->sources.push_back(std::move(source));
}

void MetricsObserver::add_gauge(const MetricInfo& what, MetricLabels labels, std::function<double()> value) {
    add(std::make_shared<const OneGauge>(what, std::move(labels), std::move(value)));
}

void MetricsObserver::watch(std::string name, const Observer& other) {
    add(std::make_shared<const Dropped>(std::move(name), other));
}

void MetricsObserver::on_event(const Event& event) {
    detail::MetricShard& shard = state_->cells.obtain(event.origin, event.operation).shard();
    switch (event.type) {
    case EventType::attempt_ended:
        shard.attempts.add(detail::AttemptCode{event.kind, event.attempt}.pack());
        shard.durations.record(detail::OutcomeCode{event.kind, event.status}.pack(), event.duration);
        if (event.first_byte_time > Duration::zero()) {
            shard.first_byte.record(event.first_byte_time);
        }
        break;
    case EventType::call_ended:
        shard.calls.add(detail::CallCode{event.kind, event.stop_reason, event.refused_by}.pack());
        if (const int resends = std::max(event.attempt - 1, 0) + event.resends; resends > 0) {
            shard.resends.fetch_add(static_cast<std::uint64_t>(resends), std::memory_order_relaxed);
        }
        if (event.queued > Duration::zero()) {
            shard.queued.record(event.queued);
        }
        break;
    case EventType::connection_opened:
        shard.lookup.record(event.lookup_time);
        shard.tcp.record(event.tcp_time);
        if (event.tls_time > Duration::zero()) { // none in plain http
            shard.tls.record(event.tls_time);
        }
        [[fallthrough]];
    default:
        shard.events.add(detail::EventCode{event.type, event.refused_by, event.dry_run}.pack());
        break;
    }
}

MetricsSnapshot MetricsObserver::snapshot() const {
    detail::SnapshotBuilder builder;
    state_->cells.each([&builder](const detail::MetricCell& cell) { detail::write_cell(builder, cell); });
    std::vector<std::shared_ptr<const MetricSource>> sources;
    {
        const std::lock_guard lock(state_->mutex);
        sources = state_->sources;
    }
    for (const auto& source : sources) {
        try {
            source->read(builder);
        } catch (...) {
            state_->failed_reads.fetch_add(1, std::memory_order_relaxed);
        }
    }
    const auto own = [&builder](const char* name, std::uint64_t count) {
        builder.counter(metrics::events_dropped, {{"observer", name}}, static_cast<double>(count));
    };
    own("metrics", dropped());
    own("metric_source", state_->failed_reads.load(std::memory_order_relaxed));
    return std::move(builder).build();
}

} // namespace backstay::inline BACKSTAY_ABI
