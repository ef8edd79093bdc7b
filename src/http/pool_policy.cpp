#include "http/pool_policy.hpp"

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

bool expired(const Poolable& connection, TimePoint now) noexcept {
    return connection.idle_until <= now || connection.retire_at <= now;
}

/// Finds the first of that context, or of any.
auto find_oldest(auto& idle, const void* context) noexcept {
    return std::find_if(idle.begin(), idle.end(), [context](const PoolableHandle& one) {
        return context == nullptr || one->context == context;
    });
}

} // namespace

Duration idle_lifetime(std::optional<std::chrono::seconds> announced, Duration otherwise) noexcept {
    using namespace std::chrono_literals;
    if (!announced) {
        return otherwise;
    }
    constexpr std::chrono::seconds longest = 24h; // whatever a server announces; keeps the sum in range
    const Duration kept = std::clamp(*announced, 0s, longest);
    return kept > 5s ? kept - 4s : kept - std::min<Duration>(1s, kept / 2);
}

void OriginPool::arrive(Waiter& waiter, TimePoint now) {
    retire_expired(now);
    // who finds one in its own context passes nobody by: those who wait could have taken it had it suited
    // them
    if (reuse(waiter) || (queue_.empty() && connect(waiter))) {
        return;
    }
    waiter.place = queue_.insert(queue_.end(), &waiter);
    waiter.queued = true;
}

void OriginPool::leave(Waiter& waiter) noexcept {
    if (waiter.queued) {
        queue_.erase(waiter.place);
        waiter.queued = false;
    }
}

OriginPool::Waiter* OriginPool::next(TimePoint now) noexcept {
    bool may_connect = true; // the first in the queue only
    retire_expired(now);
    for (Waiter* const waiter : queue_) {
        if (reuse(*waiter) || (may_connect && connect(*waiter))) {
            leave(*waiter);
            return waiter;
        }
        may_connect = false;
        if (idle_.empty()) {
            break;
        }
    }
    return nullptr;
}

OriginPool::Waiter* OriginPool::refuse_next() noexcept {
    if (queue_.empty()) {
        return nullptr;
    }
    Waiter* const waiter = queue_.front();
    waiter->grant = Grant::refused;
    leave(*waiter);
    return waiter;
}

void OriginPool::retire_expired(TimePoint now) noexcept {
    open_ -= std::erase_if(idle_, [now](const PoolableHandle& idle) { return expired(*idle, now); });
}

const Poolable* OriginPool::oldest(const void* context) const noexcept {
    const auto found = find_oldest(idle_, context);
    return found != idle_.end() ? found->get() : nullptr;
}

PoolableHandle OriginPool::evict(const void* context) noexcept {
    const auto found = find_oldest(idle_, context);
    if (found == idle_.end()) {
        return nullptr;
    }
    PoolableHandle evicted = std::move(*found);
    idle_.erase(found);
    --open_;
    return evicted;
}

std::size_t OriginPool::stale(TimePoint now) const noexcept {
    const auto count = std::count_if(idle_.begin(), idle_.end(),
                                     [now](const PoolableHandle& idle) { return expired(*idle, now); });
    return static_cast<std::size_t>(count);
}

bool OriginPool::reuse(Waiter& waiter) noexcept {
    const auto found = std::find_if(idle_.rbegin(), idle_.rend(), [&waiter](const PoolableHandle& idle) {
        return idle->context == waiter.context;
    });
    if (found == idle_.rend()) {
        return false;
    }
    waiter.connection = std::move(*found);
    idle_.erase(std::next(found).base());
    waiter.grant = Grant::reuse;
    return true;
}

bool OriginPool::connect(Waiter& waiter) noexcept {
    if (connecting_ >= limits_.handshakes) {
        return false;
    }
    // a place that an idle connection of another context takes up is better used by this one
    if (open_ >= limits_.connections && !evict(nullptr)) {
        return false;
    }
    ++open_;
    ++connecting_;
    waiter.grant = Grant::connect;
    return true;
}

} // namespace backstay::inline BACKSTAY_ABI
