#include "telemetry/metric_cells.hpp"

#include <bit>
#include <cstring>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

template <class Word>
std::uint64_t load(const char* from) noexcept {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 32U;
}

/// Reads whole words only, the last of them overlapping: twice as quick as `std::hash` for short labels. The
/// labels are the program's own, so that nobody can choose them to collide.
std::uint64_t hash_of(std::uint64_t hash, std::string_view text) noexcept {
    const char* at = text.data();
    std::size_t left = text.size();
    hash = mix(hash, left);
    for (; left > 8; left -= 8, at += 8) {
        hash = mix(hash, load<std::uint64_t>(at));
    }
    if (text.size() >= 8) {
        return mix(hash, load<std::uint64_t>(at + left - 8));
    }
    if (left >= 4) {
        return mix(hash, load<std::uint32_t>(at) << 32U | load<std::uint32_t>(at + left - 4));
    }
    for (; left > 0; --left, ++at) {
        hash = mix(hash, static_cast<unsigned char>(*at));
    }
    return hash;
}

} // namespace

MetricCell::~MetricCell() {
    for (auto& shard : shards_) {
        delete shard.load(std::memory_order_relaxed);
    }
}

std::size_t MetricCell::thread_number() noexcept {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
    return mine;
}

MetricShard& MetricCell::make() {
    auto mine = std::make_unique<MetricShard>();
    auto& place = shards_[thread_number() % shards];
    MetricShard* theirs = nullptr;
    if (place.compare_exchange_strong(theirs, mine.get(), std::memory_order_acq_rel)) {
        return *mine.release();
    }
    return *theirs;
}

MetricCells::MetricCells(std::size_t most) : most_(most), places_(std::bit_ceil(2 * most)) {}

MetricCells::~MetricCells() {
    for (auto& place : places_) {
        delete place.load(std::memory_order_relaxed);
    }
}

MetricCell& MetricCells::obtain(std::string_view origin, std::string_view operation) {
    const std::uint64_t hash = hash_of(hash_of(0, origin), operation);
    const std::size_t last = places_.size() - 1;
    for (std::size_t at = hash & last;; at = (at + 1) & last) {
        MetricCell* const cell = places_[at].load(std::memory_order_acquire);
        if (cell == nullptr) {
            return full_.load(std::memory_order_relaxed) ? other_ : insert(origin, operation, hash);
        }
        if (cell->hash == hash && cell->operation == operation && cell->origin == origin) {
            return *cell;
        }
    }
}

MetricCell& MetricCells::insert(std::string_view origin, std::string_view operation, std::uint64_t hash) {
    const std::lock_guard lock(mutex_);
    const std::size_t last = places_.size() - 1;
    std::size_t at = hash & last;
    for (; MetricCell* const cell = places_[at].load(std::memory_order_relaxed); at = (at + 1) & last) {
        if (cell->hash == hash && cell->operation == operation && cell->origin == origin) {
            return *cell; // another thread was quicker
        }
    }
    if (count_ == most_) {
        full_.store(true, std::memory_order_relaxed);
        return other_;
    }
    auto made = std::make_unique<MetricCell>(origin, operation, hash);
    places_[at].store(made.get(), std::memory_order_release);
    ++count_;
    return *made.release();
}

} // namespace backstay::inline BACKSTAY_ABI::detail
