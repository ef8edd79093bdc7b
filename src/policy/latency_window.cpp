#include <backstay/policy/detail/latency_window.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {
constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::uint64_t samples_a_look = 16;
} // namespace

void LatencyWindow::Half::clear() noexcept {
    for (auto& count : counts) {
        count.store(0, relaxed);
    }
    total.store(0, relaxed);
}

std::size_t LatencyWindow::bucket_of(Duration latency) noexcept {
    const auto ticks = static_cast<std::uint64_t>(
        std::max(std::chrono::duration_cast<std::chrono::nanoseconds>(latency).count(), std::int64_t{1}));
    const auto power = static_cast<unsigned>(std::bit_width(ticks)) - 1;
    if (power < first_power) {
        return 0;
    }
    const std::uint64_t step = (ticks >> (power - 3)) & (steps - 1);
    return std::min((power - first_power) * steps + static_cast<std::size_t>(step), buckets - 1);
}

Duration LatencyWindow::upper_end(std::size_t bucket) noexcept {
    const auto power = first_power + static_cast<unsigned>(bucket / steps);
    const std::uint64_t ticks = (std::uint64_t{steps + 1} + bucket % steps) << (power - 3);
    return std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(ticks));
}

void LatencyWindow::record(TimePoint now, Duration latency) noexcept {
    if (now.time_since_epoch().count() >= turn_at_.load(relaxed)) [[unlikely]] {
        turn(now);
    }
    Half& half = halves_[current_.load(relaxed)];
    half.counts[bucket_of(latency)].fetch_add(1, relaxed);
    const std::uint64_t total = half.total.fetch_add(1, relaxed) + 1;
    if (total % samples_a_look == 0 || total < 2 * minimum_samples_) {
        refresh();
    }
}

void LatencyWindow::turn(TimePoint now) noexcept {
    const std::lock_guard lock(mutex_);
    const TimePoint at(Duration(turn_at_.load(relaxed)));
    if (now < at) {
        return; // another thread did it
    }
    const unsigned other = 1 - current_.load(relaxed);
    halves_[other].clear();
    if (now - half_ >= at) { // nothing came for longer than a half: both are old
        halves_[1 - other].clear();
    }
    current_.store(other, relaxed);
    turn_at_.store(saturating_add(now, half_).time_since_epoch().count(), relaxed);
}

void LatencyWindow::refresh() noexcept {
    const std::uint64_t total = samples();
    if (total < minimum_samples_) {
        estimate_.store(0, relaxed);
        return;
    }
    const auto rank = static_cast<std::uint64_t>(std::ceil(quantile_ * static_cast<double>(total)));
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    while (bucket < buckets - 1) {
        seen += halves_[0].counts[bucket].load(relaxed) + halves_[1].counts[bucket].load(relaxed);
        if (seen >= rank) {
            break;
        }
        ++bucket;
    }
    estimate_.store(upper_end(bucket).count(), relaxed);
}

std::uint64_t LatencyWindow::samples() const noexcept {
    return halves_[0].total.load(relaxed) + halves_[1].total.load(relaxed);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
