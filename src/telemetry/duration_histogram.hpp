#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/telemetry/metrics_snapshot.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace backstay::inline BACKSTAY_ABI::detail {

/// The upper ends of the ranges of all histograms, in seconds: what OpenTelemetry advises for
/// `http.client.request.duration`.
inline constexpr std::array<double, 14> duration_bounds{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                                        0.5,   0.75, 1,     2.5,  5,     7.5, 10};

/// Counts durations by range. Thread safety: all members from any thread; no lock. Cost: two atomic
/// additions.
class DurationHistogram {
public:
    void record(Duration duration) noexcept {
        counts_[range(duration)].fetch_add(1, std::memory_order_relaxed);
        sum_.fetch_add(duration.count(), std::memory_order_relaxed);
    }

    void add_to(HistogramValue& value) const {
        value.bounds.assign(duration_bounds.begin(), duration_bounds.end());
        value.counts.resize(counts_.size());
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            const std::uint64_t count = counts_[i].load(std::memory_order_relaxed);
            value.counts[i] += count;
            value.count += count;
        }
        value.sum += std::chrono::duration<double>(Duration(sum_.load(std::memory_order_relaxed))).count();
    }

private:
    static constexpr std::array<Duration, duration_bounds.size()> ends() noexcept {
        std::array<Duration, duration_bounds.size()> made{};
        for (std::size_t i = 0; i < made.size(); ++i) {
            made[i] = Duration(static_cast<Duration::rep>(
                duration_bounds[i] * Duration::period::den / Duration::period::num + 0.5));
        }
        return made;
    }

    static std::size_t range(Duration duration) noexcept {
        static constexpr auto bounds = ends();
        std::size_t index = 0; // counted without a branch: cheaper than a search in so few
        for (const Duration bound : bounds) {
            index += duration > bound ? 1U : 0U;
        }
        return index;
    }

    std::array<std::atomic<std::uint64_t>, duration_bounds.size() + 1> counts_{};
    std::atomic<Duration::rep> sum_{0};
};

} // namespace backstay::inline BACKSTAY_ABI::detail
