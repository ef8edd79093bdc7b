#pragma once

#include "policy/cool_down_gate.hpp"

#include <backstay/policy/detail/keyed_table.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What the copies of one cool-down share: its options and its gates. A key has a gate once a server has
/// asked it for patience.
class CoolDownGates {
public:
    explicit CoolDownGates(const CoolDownOptions& with);

    const std::shared_ptr<const CoolDownOptions> options;

    /// From then on no gate is closed, nor paces.
    [[nodiscard]] TimePoint heeded_until() const noexcept {
        return TimePoint(Duration(heeded_until_.load(std::memory_order_acquire)));
    }
    /// Notes what a gate has heard.
    void heed(TimePoint until) noexcept;

    /// Null when that key has none.
    [[nodiscard]] std::shared_ptr<CoolDownGate> find(const CallKey& key) noexcept {
        return only_ ? only_ : keyed_.look_up(options->key(key));
    }
    /// Null when there is no memory for a new one.
    [[nodiscard]] std::shared_ptr<CoolDownGate> obtain(const CallKey& key) noexcept;

    void clear(const CallKey& key) noexcept;
    void clear();
    [[nodiscard]] CoolDownSnapshot snapshot(TimePoint now, const CallKey& key) const noexcept;
    [[nodiscard]] std::vector<KeyedCoolDownSnapshot> snapshots(TimePoint now) const;

private:
    std::shared_ptr<CoolDownGate> only_; ///< of all calls, when there is no key function
    KeyedTable<CoolDownGate> keyed_;
    /// The latest that a gate has noted; an early opening leaves it, and costs others a look-up for a while.
    std::atomic<Duration::rep> heeded_until_{TimePoint::min().time_since_epoch().count()};
};

} // namespace backstay::inline BACKSTAY_ABI::detail
