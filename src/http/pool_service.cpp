#include "http/pool_service.hpp"

#include "http/connection_pool.hpp"

#include <utility>

namespace backstay::inline BACKSTAY_ABI {

asio::execution_context::id PoolService::id;

void PoolService::watch(std::weak_ptr<ConnectionPool> pool) {
    const std::lock_guard lock(mutex_);
    std::erase_if(pools_, [](const auto& known) { return known.expired(); });
    pools_.push_back(std::move(pool));
}

void PoolService::shutdown() {
    std::vector<std::weak_ptr<ConnectionPool>> pools;
    {
        const std::lock_guard lock(mutex_);
        pools.swap(pools_);
    }
    for (const auto& known : pools) {
        if (const auto pool = known.lock()) {
            pool->drop(context());
        }
    }
}

} // namespace backstay::inline BACKSTAY_ABI
