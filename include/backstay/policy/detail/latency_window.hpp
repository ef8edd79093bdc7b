#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Estimates a quantile of recent latencies. Two histograms take turns, each for half of the window; their
/// buckets grow by an eighth of a power of two, so that an estimate is at most 12.5 % above the truth. Thread
/// safety: all members from any thread; a sample that races with a turn may be lost or counted in the other
/// half. Cost: a sample is two atomic increments, and every sixteenth one looks through the buckets.
class BACKSTAY_EXPORT LatencyWindow {
public:
    LatencyWindow(Duration window, double quantile, int minimum_samples) noexcept
        : half_(window / 2),
          quantile_(quantile),
          minimum_samples_(static_cast<std::uint64_t>(minimum_samples)) {}

    void record(TimePoint now, Duration latency) noexcept;

    /// The quantile as of the last samples; zero while there were fewer than the minimum.
    [[nodiscard]] Duration estimate() const noexcept {
        return Duration(estimate_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] std::uint64_t samples() const noexcept;

private:
    static constexpr std::size_t steps = 8;     // in a power of two
    static constexpr unsigned first_power = 10; // about a microsecond: what is shorter counts as that
    static constexpr std::size_t powers = 31;   // up to half an hour: what is longer counts as that
    static constexpr std::size_t buckets = steps * powers;

    struct Half {
        std::array<std::atomic<std::uint32_t>, buckets> counts{};
        std::atomic<std::uint64_t> total{0};
        void clear() noexcept;
    };

    [[nodiscard]] static std::size_t bucket_of(Duration latency) noexcept;
    [[nodiscard]] static Duration upper_end(std::size_t bucket) noexcept;
    void turn(TimePoint now) noexcept;
    void refresh() noexcept;

    const Duration half_;
    const double quantile_;
    const std::uint64_t minimum_samples_;
    std::atomic<Duration::rep> turn_at_{0};
    std::atomic<unsigned> current_{0};
    std::atomic<Duration::rep> estimate_{0};
    std::array<Half, 2> halves_{};
    std::mutex mutex_; ///< of a turn
};

} // namespace backstay::inline BACKSTAY_ABI::detail
