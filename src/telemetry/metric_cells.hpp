#pragma once

#include "telemetry/count_table.hpp"
#include "telemetry/histogram_table.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>
#include <backstay/core/failure.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What one of several groups of threads counted for one operation of one origin.
struct alignas(64) MetricShard {
    CountTable<64> calls;
    CountTable<64> attempts;
    CountTable<32> events;
    HistogramTable<32> durations; ///< of attempts, by outcome
    LazyHistogram queued;
    LazyHistogram lookup;
    LazyHistogram tcp;
    LazyHistogram tls;
    LazyHistogram first_byte;
    std::atomic<std::uint64_t> resends{0};
};

/// One operation of one origin.
class BACKSTAY_EXPORT MetricCell {
public:
    static constexpr std::size_t shards = 8; // a power of two

    MetricCell(std::string_view named_origin, std::string_view named_operation, std::uint64_t hashed)
        : origin(named_origin), operation(named_operation), hash(hashed) {}
    MetricCell(const MetricCell&) = delete;
    MetricCell& operator=(const MetricCell&) = delete;
    ~MetricCell();

    /// The calling thread's part. Errors: throws `std::bad_alloc`.
    [[nodiscard]] MetricShard& shard() {
        MetricShard* const made = shards_[thread_number() % shards].load(std::memory_order_acquire);
        return made != nullptr ? *made : make();
    }

    template <class Visit>
    void each_shard(Visit visit) const {
        for (const auto& shard : shards_) {
            if (const MetricShard* const made = shard.load(std::memory_order_acquire)) {
                visit(*made);
            }
        }
    }

    const std::string origin;
    const std::string operation;
    const std::uint64_t hash;

private:
    [[nodiscard]] static std::size_t thread_number() noexcept;
    MetricShard& make();

    std::array<std::atomic<MetricShard*>, shards> shards_{};
};

/// Finds the cell of an operation of an origin. There are at most so many; all others share one, whose names
/// are `other`. Thread safety: all members from any thread. Cost: no lock for a cell that is there; cells are
/// never removed.
class BACKSTAY_EXPORT MetricCells {
public:
    explicit MetricCells(std::size_t most);
    MetricCells(const MetricCells&) = delete;
    MetricCells& operator=(const MetricCells&) = delete;
    ~MetricCells();

    /// Errors: throws `std::bad_alloc`.
    [[nodiscard]] MetricCell& obtain(std::string_view origin, std::string_view operation);

    template <class Visit>
    void each(Visit visit) const {
        for (const auto& place : places_) {
            if (const MetricCell* const cell = place.load(std::memory_order_acquire)) {
                visit(*cell);
            }
        }
        visit(other_);
    }

private:
    MetricCell& insert(std::string_view origin, std::string_view operation, std::uint64_t hash);

    const std::size_t most_;
    std::vector<std::atomic<MetricCell*>> places_; ///< open addressing; a power of two, never full
    MetricCell other_{"other", "other", 0};
    std::mutex mutex_;      ///< for inserting
    std::size_t count_ = 0; ///< of cells
    std::atomic<bool> full_{false};
};

} // namespace backstay::inline BACKSTAY_ABI::detail
