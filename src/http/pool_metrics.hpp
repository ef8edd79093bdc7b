#pragma once

#include "http/connection_pool.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/metric_source.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// What a pool holds, as metrics. Silent once the pool is gone.
class PoolMetrics final : public MetricSource {
public:
    PoolMetrics(std::weak_ptr<const ConnectionPool> pool, std::string name) noexcept
        : pool_(std::move(pool)), name_(std::move(name)) {}

    void read(MetricSink& into) const override {
        const auto pool = pool_.lock();
        if (!pool) {
            return;
        }
        for (const PoolSnapshot& shown : pool->snapshot()) {
            MetricLabels labels{{.name = "origin", .value = shown.origin}};
            if (!name_.empty()) {
                labels.push_back({.name = "pool", .value = name_});
            }
            const auto gauge = [&](const MetricInfo& what, std::size_t value) {
                into.gauge(what, labels, static_cast<double>(value));
            };
            gauge(metrics::pool_open, shown.open);
            gauge(metrics::pool_idle, shown.idle);
            gauge(metrics::pool_connecting, shown.connecting);
            gauge(metrics::pool_stale, shown.stale);
            gauge(metrics::pool_queued, shown.queued);
        }
    }

private:
    std::weak_ptr<const ConnectionPool> pool_;
    std::string name_;
};

} // namespace backstay::inline BACKSTAY_ABI
