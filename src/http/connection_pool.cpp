#include "http/connection_pool.hpp"

#include "http/gate.hpp"
#include "http/pool_service.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/execution/context.hpp>
#include <asio/query.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// A call at the pool's door. When its frame goes, so does its place in the queue, and what it was granted.
struct ConnectionPool::Parked final : OriginPool::Waiter {
    explicit Parked(std::shared_ptr<ConnectionPool> owner) noexcept : pool(std::move(owner)) {}
    Parked(const Parked&) = delete;
    Parked& operator=(const Parked&) = delete;
    ~Parked() {
        if (slot != nullptr) {
            static_cast<void>(pool->leave(*this));
        }
    }

    std::shared_ptr<ConnectionPool> pool;
    Slots::value_type* slot = nullptr;
    asio::any_io_executor executor{};
    std::optional<Gate> gate{};
};

std::size_t ConnectionPool::OriginHash::operator()(const Origin& origin) const noexcept {
    return std::hash<std::string>()(origin.host) * 31 + origin.port * 2U + (origin.secure() ? 1U : 0U);
}

asio::awaitable<expected<ConnectionPool::Lease, StepFault>> ConnectionPool::acquire(const Origin& origin,
                                                                                    Watchdog& watchdog) {
    auto& context = asio::query(watchdog.executor(), asio::execution::context);
    register_with(context);
    Parked parked(shared_from_this());
    parked.context = &context;
    parked.executor = watchdog.executor();
    if (!enter(origin, parked)) {
        co_return fail(StepFault{FailureKind::client_closed, {}, "the client was closed"});
    }
    if (parked.gate && watchdog.may_wait()) {
        const Watchdog::Watch watch(watchdog, *parked.gate);
        co_await parked.gate->wait();
    }
    co_return leave(parked);
}

void ConnectionPool::register_with(asio::execution_context& context) {
    {
        const std::lock_guard lock(mutex_);
        if (std::find(contexts_.begin(), contexts_.end(), &context) != contexts_.end()) {
            return;
        }
    }
    asio::use_service<PoolService>(context).watch(weak_from_this());
    const std::lock_guard lock(mutex_);
    contexts_.push_back(&context);
}

bool ConnectionPool::enter(const Origin& origin, Parked& parked) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
        return false;
    }
    sweep();
    auto& slot = *slots_.try_emplace(origin, Slot{OriginPool(limits_.origin)}).first;
    slot.second.pool.arrive(parked, runtime_.now());
    ++slot.second.users;
    parked.slot = &slot;
    if (parked.queued) {
        try {
            parked.gate.emplace(parked.executor);
        } catch (...) {
            slot.second.pool.leave(parked); // before anybody can try to wake it
            throw;
        }
    }
    return true;
}

expected<ConnectionPool::Lease, StepFault> ConnectionPool::leave(Parked& parked) noexcept {
    Slots::value_type& slot = *std::exchange(parked.slot, nullptr);
    Lease lease;
    {
        const std::lock_guard lock(mutex_);
        slot.second.pool.leave(parked);
        if (parked.grant == OriginPool::Grant::reuse || parked.grant == OriginPool::Grant::connect) {
            lease.pool_ = std::move(parked.pool);
            lease.slot_ = &slot;
            lease.connection_.reset(static_cast<Connection*>(parked.connection.release()));
            return lease;
        }
        unuse(slot);
    }
    if (parked.grant == OriginPool::Grant::refused) {
        return fail(StepFault{FailureKind::client_closed, {}, {}});
    }
    return fail(StepFault{FailureKind::resource_exhausted, {}, {}}); // the watchdog's verdict says why
}

ConnectionPool::Lease& ConnectionPool::Lease::operator=(Lease&& other) noexcept {
    if (this != &other) {
        reset();
        pool_ = std::move(other.pool_);
        slot_ = other.slot_;
        connection_ = std::move(other.connection_);
    }
    return *this;
}

void ConnectionPool::Lease::established(std::unique_ptr<Connection> connection) noexcept {
    connection_ = std::move(connection);
    {
        const std::lock_guard lock(pool_->mutex_);
        slot_->second.pool.connected();
    }
    pool_->serve(*slot_);
}

void ConnectionPool::Lease::give_back(TimePoint idle_until) noexcept {
    const std::shared_ptr<ConnectionPool> pool = std::move(pool_);
    connection_->idle_until = idle_until;
    pool->keep(*slot_, std::move(connection_));
}

void ConnectionPool::Lease::reset() noexcept {
    const std::shared_ptr<ConnectionPool> pool = std::move(pool_);
    if (!pool) {
        return;
    }
    const bool was_connected = connection_ != nullptr;
    connection_.reset();
    {
        const std::lock_guard lock(pool->mutex_);
        was_connected ? slot_->second.pool.closed() : slot_->second.pool.not_connected();
    }
    pool->serve(*slot_);
    const std::lock_guard lock(pool->mutex_);
    pool->unuse(*slot_);
}

void ConnectionPool::keep(Slots::value_type& slot, std::unique_ptr<Connection> connection) noexcept {
    {
        const std::lock_guard lock(mutex_);
        connection->returned = ++returns_;
        PoolableHandle handle = std::move(connection);
        try {
            if (closed_) {
                slot.second.pool.closed();
            } else {
                slot.second.pool.returned(handle);
            }
        } catch (const std::bad_alloc&) {
            slot.second.pool.closed();
        }
    }
    serve(slot);
    const std::lock_guard lock(mutex_);
    sweep();
    if (count_idle() > limits_.idle) {
        static_cast<void>(evict_oldest(nullptr));
    }
    unuse(slot);
}

void ConnectionPool::serve(Slots::value_type& slot) noexcept {
    for (;;) {
        Gate::Opener opener;
        {
            const std::lock_guard lock(mutex_);
            OriginPool& pool = slot.second.pool;
            OriginPool::Waiter* const waiter = closed_ ? pool.refuse_next() : pool.next(runtime_.now());
            if (waiter == nullptr) {
                return;
            }
            opener = static_cast<Parked*>(waiter)->gate->opener();
        }
        opener.open();
    }
}

void ConnectionPool::unuse(Slots::value_type& slot) noexcept {
    --slot.second.users;
    if (slot.second.unused()) {
        slots_.erase(slot.first);
    }
}

void ConnectionPool::close() noexcept {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        for (auto& [origin, slot] : slots_) {
            evict_all(slot, nullptr);
        }
        forget_unused();
    }
    for (;;) { // one at a time: nobody is woken under the lock
        Gate::Opener opener;
        {
            const std::lock_guard lock(mutex_);
            OriginPool::Waiter* waiter = nullptr;
            for (auto& [origin, slot] : slots_) {
                waiter = waiter != nullptr ? waiter : slot.pool.refuse_next();
            }
            if (waiter == nullptr) {
                return;
            }
            opener = static_cast<Parked*>(waiter)->gate->opener();
        }
        opener.open();
    }
}

} // namespace backstay::inline BACKSTAY_ABI
