#pragma once

#include <backstay/core/config.hpp>

#include <asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

class ConnectionPool;

/// Tells pools that an execution context ends, while its sockets can still be closed.
class PoolService final : public asio::execution_context::service {
public:
    using key_type = PoolService;
    BACKSTAY_EXPORT static asio::execution_context::id id;

    explicit PoolService(asio::execution_context& owner) : service(owner) {}

    void watch(std::weak_ptr<ConnectionPool> pool);

private:
    void shutdown() override;

    std::mutex mutex_;
    std::vector<std::weak_ptr<ConnectionPool>> pools_;
};

} // namespace backstay::inline BACKSTAY_ABI
