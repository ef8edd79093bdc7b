#include "http/connection_pool.hpp"

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI {

bool ConnectionPool::evict_idle(const asio::execution_context& preferred) noexcept {
    const std::lock_guard lock(mutex_);
    const bool evicted = evict_one(&preferred) || evict_one(nullptr);
    forget_unused();
    return evicted;
}

bool ConnectionPool::evict_one(const void* context) noexcept {
    return std::any_of(slots_.begin(), slots_.end(), [context](Slots::value_type& slot) {
        return slot.second.pool.evict(context) != nullptr;
    });
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
    std::erase_if(slots_, [](const Slots::value_type& slot) {
        return slot.second.users == 0 && slot.second.pool.open() == 0;
    });
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
