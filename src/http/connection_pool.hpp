#pragma once

#include "http/byte_stream.hpp"
#include "http/pool_policy.hpp"
#include "http/step_fault.hpp"
#include "http/watchdog.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/http/pool_snapshot.hpp>
#include <backstay/http/url.hpp>

#include <asio/awaitable.hpp>
#include <asio/execution_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// A connection and what the pool remembers of it.
struct Connection final : Poolable {
    explicit Connection(std::unique_ptr<ByteStream> made) noexcept : stream(std::move(made)) {}
    /// Closes: politely, unless an exchange was cut short.
    ~Connection() override {
        if (clean) {
            stream->say_goodbye();
        }
    }

    std::unique_ptr<ByteStream> stream;
    bool clean = true; ///< no exchange is under way, and the last one came to its proper end
};

/// Keeps the connections to all origins, hands them out, and queues calls that must wait for one. What has
/// expired is closed when any connection is asked for or returned, whoever's it is, at most once a second.
/// Thread safety: any thread. The lock is held while it is decided and while idle connections are closed,
/// never while anything is awaited or woken.
class BACKSTAY_EXPORT ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
    struct Slot {
        OriginPool pool;
        std::size_t users = 0; ///< leases and waiters: the slot stays while there are any

        [[nodiscard]] bool unused() const noexcept { return users == 0 && pool.unused(); }
    };
    struct OriginHash {
        std::size_t operator()(const Origin& origin) const noexcept;
    };
    using Slots = std::unordered_map<Origin, Slot, OriginHash>;
    struct Parked;

public:
    struct Limits {
        OriginPool::Limits origin{};
        std::size_t idle = 0; ///< of all origins together
    };

    /// A place in the pool: with a connection, or with the leave to make one. Its end gives the place back
    /// and closes the connection, unless that was given back for another exchange.
    class BACKSTAY_EXPORT Lease {
    public:
        Lease() noexcept = default;
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&& other) noexcept;
        ~Lease() { reset(); }

        /// Null until one is `established`.
        [[nodiscard]] Connection* connection() const noexcept { return connection_.get(); }
        void established(std::unique_ptr<Connection> connection) noexcept;
        /// Keeps the connection until then at the latest. Precondition: there is one.
        void give_back(TimePoint idle_until) noexcept;
        void reset() noexcept;

    private:
        friend class ConnectionPool;
        std::shared_ptr<ConnectionPool> pool_;
        Slots::value_type* slot_ = nullptr;
        std::unique_ptr<Connection> connection_;
    };

    ConnectionPool(const Limits& limits, Runtime& runtime) noexcept : limits_(limits), runtime_(runtime) {}
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;
    ~ConnectionPool() = default;

    /// Waits for a place. The fault is `client_closed` after `close`; when the watchdog ended it, its verdict
    /// says why. Errors: throws `std::bad_alloc`.
    [[nodiscard]] asio::awaitable<expected<Lease, StepFault>> acquire(const Origin& origin,
                                                                      Watchdog& watchdog);

    /// Closes the oldest idle connection, so that its descriptor becomes free; rather one of that context.
    bool evict_idle(const asio::execution_context& preferred) noexcept;
    /// Closes the idle connections of that context to that origin.
    void drop(const Origin& origin, const asio::execution_context& context) noexcept;
    /// Closes the idle connections of a context that ends.
    void drop(const asio::execution_context& context) noexcept;
    /// Refuses from now on, also those who wait, and closes what is idle.
    void close() noexcept;

    [[nodiscard]] std::size_t open() const noexcept; ///< idle ones and those being made included
    [[nodiscard]] std::size_t idle() const noexcept;
    /// Tells how it stands with each origin, in no particular order.
    [[nodiscard]] std::vector<PoolSnapshot> snapshot() const;

private:
    void register_with(asio::execution_context& context);
    bool enter(const Origin& origin, Parked& parked);
    expected<Lease, StepFault> leave(Parked& parked) noexcept;
    void keep(Slots::value_type& slot, std::unique_ptr<Connection> connection) noexcept;
    void serve(Slots::value_type& slot) noexcept;
    void unuse(Slots::value_type& slot) noexcept;
    bool evict_oldest(const void* context) noexcept;
    void evict_all(Slot& slot, const void* context) noexcept;
    void sweep() noexcept;
    void forget_unused() noexcept;
    [[nodiscard]] std::size_t count_idle() const noexcept;

    const Limits limits_;
    Runtime& runtime_;
    mutable std::mutex mutex_; ///< for all that follows
    Slots slots_;
    std::vector<const void*> contexts_; ///< that tell this pool when they end
    TimePoint next_sweep_{};
    std::uint64_t returns_ = 0;
    bool closed_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI
