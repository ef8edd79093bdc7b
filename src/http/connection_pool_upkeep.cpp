#include "http/connection_pool.hpp"

#include <chrono>

namespace backstay::inline BACKSTAY_ABI {

bool ConnectionPool::evict_idle(const asio::execution_context& preferred) noexcept {
    const std::lock_guard lock(mutex_);
    return evict_oldest(&preferred) || evict_oldest(nullptr);
}

bool ConnectionPool::evict_oldest(const void* context) noexcept {
    OriginPool* holder = nullptr;
    std::uint64_t least = 0;
    for (auto& [origin, slot] : slots_) {
        const Poolable* const idle = slot.pool.oldest(context);
        if (idle != nullptr && (holder == nullptr || idle->returned < least)) {
            holder = &slot.pool;
            least = idle->returned;
        }
    }
    if (holder == nullptr) {
        return false;
    }
    (void)holder->evict(context);
    forget_unused();
    return true;
}

/// An idle connection keeps no context running and no timer armed: whoever comes by looks after all of them.
void ConnectionPool::sweep() noexcept {
    constexpr std::chrono::seconds period{1};
    const TimePoint now = runtime_.now();
    if (now < next_sweep_) {
        return;
    }
    next_sweep_ = now + period;
    for (auto& [origin, slot] : slots_) {
        slot.pool.retire_expired(now);
    }
    forget_unused();
}

void ConnectionPool::evict_all(Slot& slot, const void* context) noexcept {
    while (slot.pool.evict(context)) {
    }
}

void ConnectionPool::drop(const Origin& origin, const asio::execution_context& context) noexcept {
    const std::lock_guard lock(mutex_);
    if (const auto found = slots_.find(origin); found != slots_.end()) {
        evict_all(found->second, &context);
        forget_unused();
    }
}

void ConnectionPool::drop(const asio::execution_context& context) noexcept {
    const std::lock_guard lock(mutex_);
    for (auto& [origin, slot] : slots_) {
        evict_all(slot, &context);
    }
    std::erase(contexts_, &context);
    forget_unused();
}

void ConnectionPool::forget_unused() noexcept {
    std::erase_if(slots_, [](const Slots::value_type& slot) { return slot.second.unused(); });
}

std::size_t ConnectionPool::count_idle() const noexcept {
    std::size_t count = 0;
    for (const auto& [origin, slot] : slots_) {
        count += slot.pool.idle();
    }
    return count;
}

std::vector<PoolSnapshot> ConnectionPool::snapshot() const {
    const TimePoint now = runtime_.now();
    const std::lock_guard lock(mutex_);
    std::vector<PoolSnapshot> shown;
    shown.reserve(slots_.size());
    for (const auto& [origin, slot] : slots_) {
        shown.push_back({.origin = origin.to_string(),
                         .open = slot.pool.open(),
                         .idle = slot.pool.idle(),
                         .connecting = slot.pool.connecting(),
                         .stale = slot.pool.stale(now),
                         .queued = slot.pool.queued()});
    }
    return shown;
}

std::size_t ConnectionPool::open() const noexcept {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& [origin, slot] : slots_) {
        count += slot.pool.open();
    }
    return count;
}

std::size_t ConnectionPool::idle() const noexcept {
    const std::lock_guard lock(mutex_);
    return count_idle();
}

} // namespace backstay::inline BACKSTAY_ABI
