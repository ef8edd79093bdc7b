#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What one call says about its origin.
struct CallOutcome {
    bool failed = false;
    bool slow = false;
};

struct OutcomeCounts {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    std::uint64_t slow = 0;

    friend constexpr bool operator==(const OutcomeCounts&, const OutcomeCounts&) = default;
};

/// Counts the calls of the last `length`, in ten buckets that turn one after the other. The first bucket
/// begins with the first call.
/// Thread safety: `try_success` from any thread at any time; the rest is serialised by the owner. A success
/// that races with the turn of a bucket may land in the neighbouring one.
class TimeWindow {
public:
    static constexpr std::uint32_t bucket_count = 10;

    explicit TimeWindow(Duration length) noexcept : width_(length / Duration::rep{bucket_count}) {}

    /// Counts a call that was neither failed nor slow, without a lock; false when a bucket must turn first.
    [[nodiscard]] bool try_success(TimePoint now) noexcept {
        if (now.time_since_epoch().count() >= bucket_end_.load(std::memory_order_relaxed)) [[unlikely]] {
            return false;
        }
        buckets_[current_.load(std::memory_order_relaxed)].calls.fetch_add(1, std::memory_order_relaxed);
        return true;
    }

    BACKSTAY_EXPORT void count(TimePoint now, CallOutcome outcome) noexcept;
    [[nodiscard]] BACKSTAY_EXPORT OutcomeCounts counts(TimePoint now) const noexcept;
    BACKSTAY_EXPORT void clear() noexcept;

    [[nodiscard]] Duration length() const noexcept { return width_ * Duration::rep{bucket_count}; }

private:
    static constexpr Duration::rep not_begun = TimePoint::min().time_since_epoch().count();

    struct Bucket {
        std::atomic<std::uint32_t> calls{0};
        std::atomic<std::uint32_t> failures{0};
        std::atomic<std::uint32_t> slow{0};
        void clear() noexcept;
    };

    /// Counts the buckets that have ended between the current one's begin and `now`.
    [[nodiscard]] std::uint64_t turns(TimePoint now) const noexcept;
    void turn(TimePoint now) noexcept;

    Duration width_;
    std::atomic<Duration::rep> bucket_end_{not_begun};
    std::atomic<std::uint32_t> current_{0};
    std::array<Bucket, bucket_count> buckets_{};
};

/// Counts the last `length` calls.
/// Thread safety: `count` from any thread at any time: totals follow the ring by differences, so that no
/// interleaving can make them drift from it.
class CountWindow {
public:
    explicit CountWindow(std::uint32_t length) : ring_(length) {}

    BACKSTAY_EXPORT void count(CallOutcome outcome) noexcept;
    [[nodiscard]] BACKSTAY_EXPORT OutcomeCounts counts() const noexcept;
    BACKSTAY_EXPORT void clear() noexcept;

    [[nodiscard]] std::uint64_t length() const noexcept { return ring_.size(); }

private:
    enum Seen : std::uint8_t { call = 1, failure = 2, slow = 4 };

    void replace(std::atomic<std::uint8_t>& place, std::uint8_t seen) noexcept;

    std::vector<std::atomic<std::uint8_t>> ring_;
    std::atomic<std::uint32_t> next_{0};
    std::atomic<std::int64_t> calls_{0}; // signed: between a place and its total others may come first
    std::atomic<std::int64_t> failures_{0};
    std::atomic<std::int64_t> slow_{0};
};

/// Remembers how the latest calls went: of a span of time, or a number of them.
class OutcomeWindow {
public:
    explicit OutcomeWindow(Duration length) noexcept : kind_(std::in_place_type<TimeWindow>, length) {}
    explicit OutcomeWindow(std::uint32_t length) : kind_(std::in_place_type<CountWindow>, length) {}

    /// Counts a call that was neither failed nor slow, from any thread; false: use `count` under the lock.
    [[nodiscard]] bool try_success(TimePoint now) noexcept {
        if (auto* const time = std::get_if<TimeWindow>(&kind_)) [[likely]] {
            return time->try_success(now);
        }
        std::get<CountWindow>(kind_).count(CallOutcome{});
        return true;
    }

    // Serialised by the owner.
    BACKSTAY_EXPORT void count(TimePoint now, CallOutcome outcome) noexcept;
    [[nodiscard]] BACKSTAY_EXPORT OutcomeCounts counts(TimePoint now) const noexcept;
    BACKSTAY_EXPORT void clear() noexcept;

    /// Decides whether all that the window can hold has happened since `since`, when it was cleared.
    [[nodiscard]] BACKSTAY_EXPORT bool whole_since(TimePoint since, TimePoint now) const noexcept;

private:
    std::variant<TimeWindow, CountWindow> kind_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
