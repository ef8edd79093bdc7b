#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// A connection as the decisions see it. Destroying it closes it.
struct Poolable {
    virtual ~Poolable() = default;

    const void* context = nullptr; ///< the execution context where it was made, and where alone it is used
    TimePoint retire_at = end_of_time;  ///< when it is too old for another exchange
    TimePoint idle_until = end_of_time; ///< when the server, or we, may give it up; set on return
    std::uint64_t returned = 0;         ///< counts up from return to return, over all origins
};
using PoolableHandle = std::unique_ptr<Poolable>;

/// Says how long an idle connection is kept: somewhat less than the server announced, so that it is not
/// closed under a request, else `otherwise`.
[[nodiscard]] BACKSTAY_EXPORT Duration idle_lifetime(std::optional<std::chrono::seconds> announced,
                                                     Duration otherwise) noexcept;

/// What one origin's calls and connections may do. It only decides and counts: it reads no clock, takes no
/// lock and touches no socket. Counted are connections in use, idle and being made.
class BACKSTAY_EXPORT OriginPool {
public:
    struct Limits {
        std::size_t connections = 0;
        std::size_t handshakes = 0;
    };

    enum class Grant : std::uint8_t {
        none,    ///< wait in the queue
        reuse,   ///< `connection` holds an idle one
        connect, ///< make one: a place and a handshake are reserved
        refused, ///< the pool was closed
    };

    /// One call that wants a connection. It must `leave` before it goes.
    struct Waiter {
        const void* context = nullptr;
        Grant grant = Grant::none;
        PoolableHandle connection{};
        bool queued = false;
        std::list<Waiter*>::iterator place{};
    };

    explicit OriginPool(const Limits& limits) noexcept : limits_(limits) {}

    /// Decides at once, or queues the waiter. Gives up the idle connections that have expired. Errors: throws
    /// `std::bad_alloc`; nothing has changed then.
    void arrive(Waiter& waiter, TimePoint now);

    /// Takes a waiter out of the queue, if it is there.
    void leave(Waiter& waiter) noexcept;

    /// The connection that was granted is made: its handshake is over.
    void connected() noexcept { --connecting_; }
    /// It could not be made.
    void not_connected() noexcept {
        --connecting_;
        --open_;
    }
    /// Takes back a connection that can be used again. Errors: throws `std::bad_alloc`, having kept nothing.
    void returned(PoolableHandle& connection) { idle_.push_back(std::move(connection)); }
    /// A connection in use was closed.
    void closed() noexcept { --open_; }

    /// Finds the first waiter that can now go on, in order of arrival, and gives it its grant. To be repeated
    /// until it finds none, after each of the four above.
    Waiter* next(TimePoint now) noexcept;

    /// Refuses the first waiter; nullptr when there is none.
    Waiter* refuse_next() noexcept;

    /// Gives up the idle connections that have expired.
    void retire_expired(TimePoint now) noexcept;

    /// The oldest idle connection, of that context or (nullptr) of any; null when there is none.
    [[nodiscard]] const Poolable* oldest(const void* context) const noexcept;
    /// Gives it up.
    PoolableHandle evict(const void* context) noexcept;

    [[nodiscard]] std::size_t open() const noexcept { return open_; }
    [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }
    [[nodiscard]] std::size_t connecting() const noexcept { return connecting_; }
    [[nodiscard]] std::size_t queued() const noexcept { return queue_.size(); }
    /// Counts the idle connections that will not be used again.
    [[nodiscard]] std::size_t stale(TimePoint now) const noexcept;
    [[nodiscard]] bool unused() const noexcept { return open_ == 0 && queue_.empty(); }

private:
    bool reuse(Waiter& waiter) noexcept;
    bool connect(Waiter& waiter) noexcept;

    Limits limits_;
    std::size_t open_ = 0;
    std::size_t connecting_ = 0;
    std::vector<PoolableHandle> idle_; ///< the latest last: it is the likeliest to be alive
    std::list<Waiter*> queue_;
};

} // namespace backstay::inline BACKSTAY_ABI
