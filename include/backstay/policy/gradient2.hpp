#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/policy/limit_bounds.hpp>

#include <chrono>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

struct Gradient2Options {
    double smoothing = 0.2; ///< the share of the new estimate in the next limit: above 0, at most 1
    int long_window = 600;  ///< of the long round-trip time's average, in windows: 1 to 1 000 000
    double tolerance = 1.5; ///< so many times the long round-trip time is no congestion yet: 1 to 100
    /// Attempts of so long are averaged; 0: each for itself. Netflix's second would climb half as fast.
    Duration window = std::chrono::milliseconds{500};
    int window_samples = 10; ///< a window of fewer attempts goes on until it has so many, at least 1
};

/// Learns a limit from latency: compares the average round-trip time of the last window (short) with a slow
/// average of all (long). While they are alike the limit grows by its square root, the queue that it allows;
/// when the short one is longer than `tolerance` long ones it shrinks in proportion, by half at most, before
/// smoothing. It does not grow while less than half of it is used: what is not tried is not known to be good.
///
/// The share of a window's attempts that were dropped is one more bound of the gradient, also while little is
/// used. Netflix's code ignores drops, so a total outage, which has no latency to measure, would leave the
/// limit at what was learned before it, or lift it by the few calls that pass. Taking the share, and not a
/// fixed cut for any drop, leaves a stray 503 among hundreds without consequence.
///
/// The long average follows an overload that lasts (five minutes of the default windows): then only `max`
/// bounds the limit. Plain arithmetic; not thread-safe.
/// Source: Gradient2Limit, WindowedLimit and ExpAvgMeasurement of Netflix's concurrency-limits; on drops its
/// pull requests 134 (half the gradient) and 146 (cuts of 0.5 shed too much).
class Gradient2 {
public:
    /// Throws `std::invalid_argument` naming the option that is out of range.
    BACKSTAY_EXPORT Gradient2(const Gradient2Options& options, const LimitBounds& bounds);

    BACKSTAY_EXPORT void note(TimePoint now, const LimitSample& sample) noexcept;

    [[nodiscard]] int limit() const noexcept { return static_cast<int>(limit_); }
    /// The last window's average; 0 before one has passed.
    [[nodiscard]] BACKSTAY_EXPORT Duration short_rtt() const noexcept;
    [[nodiscard]] BACKSTAY_EXPORT Duration long_rtt() const noexcept;

    /// Describes itself: `gradient2, tolerance 1.5`.
    [[nodiscard]] BACKSTAY_EXPORT std::string describe() const;

private:
    struct Window {
        double rtt_sum = 0;
        int samples = 0;
        int drops = 0;
        int most_in_flight = 0;
    };

    void update(const Window& window) noexcept;
    void average(double rtt) noexcept;

    Gradient2Options options_;
    LimitBounds bounds_;
    double limit_;
    double short_rtt_ = 0;
    double long_rtt_ = 0;
    int averaged_ = 0; ///< windows in the long average, while it is young
    Window window_{};
    TimePoint window_end_ = TimePoint::min();
};

} // namespace backstay::inline BACKSTAY_ABI
