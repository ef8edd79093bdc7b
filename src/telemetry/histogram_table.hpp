#pragma once

#include "telemetry/duration_histogram.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace backstay::inline BACKSTAY_ABI::detail {

/// A histogram that is made when it is first needed: most never are.
/// Thread safety: all members from any thread; no lock.
class LazyHistogram {
public:
    LazyHistogram() = default;
    LazyHistogram(const LazyHistogram&) = delete;
    LazyHistogram& operator=(const LazyHistogram&) = delete;
    ~LazyHistogram() { delete made_.load(std::memory_order_relaxed); }

    /// Errors: throws `std::bad_alloc`.
    void record(Duration duration) {
        DurationHistogram* histogram = made_.load(std::memory_order_acquire);
        if (histogram == nullptr) [[unlikely]] {
            histogram = make();
        }
        histogram->record(duration);
    }

    /// Null until something was recorded.
    [[nodiscard]] const DurationHistogram* get() const noexcept {
        return made_.load(std::memory_order_acquire);
    }

private:
    DurationHistogram* make() {
        auto mine = std::make_unique<DurationHistogram>();
        DurationHistogram* theirs = nullptr;
        if (made_.compare_exchange_strong(theirs, mine.get(), std::memory_order_acq_rel)) {
            return mine.release();
        }
        return theirs;
    }

    std::atomic<DurationHistogram*> made_{nullptr};
};

/// Histograms by key, for up to `Capacity` different keys; the rest goes into one.
/// Thread safety: all members from any thread; no lock.
template <std::size_t Capacity>
class HistogramTable {
    static_assert(std::has_single_bit(Capacity));

public:
    /// Precondition: the key is not the largest one. Errors: throws `std::bad_alloc`.
    void record(std::uint32_t key, Duration duration) {
        const std::uint32_t tag = key + 1; // 0: a free place
        for (std::size_t tried = 0, at = key % Capacity; tried < Capacity;
             ++tried, at = (at + 1) % Capacity) {
            Entry& entry = entries_[at];
            std::uint32_t found = entry.tag.load(std::memory_order_relaxed);
            if (found == 0 && entry.tag.compare_exchange_strong(found, tag, std::memory_order_relaxed)) {
                found = tag;
            }
            if (found == tag) {
                entry.histogram.record(duration);
                return;
            }
        }
        rest_.record(duration);
    }

    /// Calls `visit(std::optional<key>, histogram)` for each; without a key for the rest.
    template <class Visit>
    void each(Visit visit) const {
        for (const Entry& entry : entries_) {
            if (const DurationHistogram* const histogram = entry.histogram.get()) {
                visit(std::optional<std::uint32_t>(entry.tag.load(std::memory_order_relaxed) - 1),
                      *histogram);
            }
        }
        if (const DurationHistogram* const histogram = rest_.get()) {
            visit(std::optional<std::uint32_t>(), *histogram);
        }
    }

private:
    struct Entry {
        std::atomic<std::uint32_t> tag{0};
        LazyHistogram histogram{};
    };

    std::array<Entry, Capacity> entries_;
    LazyHistogram rest_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
