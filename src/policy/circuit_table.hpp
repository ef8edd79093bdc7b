#pragma once

#include "policy/circuit.hpp"

#include <backstay/policy/detail/keyed_table.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What the copies of one breaker share: its options, its circuits, and who holds it isolated.
class CircuitTable {
public:
    explicit CircuitTable(const CircuitBreakerOptions& with);

    const std::shared_ptr<const CircuitBreakerOptions> options;
    const bool dry_run; ///< the option again, near at hand

    /// Finds or makes the circuit of a key for a call that has none; leaves null when there is no memory.
    void obtain(const CallKey& key, std::shared_ptr<Circuit>& circuit) noexcept {
        if (only_) {
            // Not counted as held, and built over the null that is there: both would cost more than the rest
            // of `admit`.
            std::construct_at(&circuit, std::shared_ptr<void>(), &*only_);
        } else {
            obtain_keyed(key, circuit);
        }
    }

    [[nodiscard]] TimePoint isolated_until() const noexcept {
        return TimePoint(Duration(isolated_until_.load(std::memory_order_acquire)));
    }
    [[nodiscard]] std::uint64_t isolate(TimePoint until);
    void end_isolation(std::uint64_t id) noexcept;

    void close();
    [[nodiscard]] CircuitSnapshot snapshot(TimePoint now, const CallKey& key) const noexcept;
    [[nodiscard]] std::vector<KeyedCircuitSnapshot> snapshots(TimePoint now) const;

private:
    struct Isolated {
        std::uint64_t id;
        TimePoint until;
    };

    void obtain_keyed(const CallKey& key, std::shared_ptr<Circuit>& circuit) noexcept;
    void note_isolation() noexcept;
    std::uint64_t begin_isolation(TimePoint until);
    template <class F>
    void for_each_circuit(F action);
    [[nodiscard]] CircuitSnapshot judged(CircuitSnapshot circuit, TimePoint now) const noexcept;

    std::optional<Circuit> only_;
    KeyedTable<Circuit> keyed_;

    std::atomic<Duration::rep> isolated_until_{TimePoint::min().time_since_epoch().count()};
    std::mutex mutex_; // of what follows
    std::vector<Isolated> isolations_;
    std::uint64_t isolation_ids_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
