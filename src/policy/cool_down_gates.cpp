#include "policy/cool_down_gates.hpp"

namespace backstay::inline BACKSTAY_ABI::detail {

CoolDownGates::CoolDownGates(const CoolDownOptions& with)
    : options(std::make_shared<const CoolDownOptions>(with)),
      only_(with.key == nullptr ? std::make_shared<CoolDownGate>(options) : nullptr),
      keyed_(with.max_keys) {}

void CoolDownGates::heed(TimePoint until) noexcept {
    const Duration::rep later = until.time_since_epoch().count();
    Duration::rep noted = heeded_until_.load(std::memory_order_relaxed);
    while (noted < later && !heeded_until_.compare_exchange_weak(noted, later, std::memory_order_release,
                                                                 std::memory_order_relaxed)) {
    }
}

std::shared_ptr<CoolDownGate> CoolDownGates::obtain(const CallKey& key) noexcept {
    return only_
               ? only_
               : keyed_.obtain(options->key(key), [this] { return std::make_shared<CoolDownGate>(options); });
}

void CoolDownGates::clear(const CallKey& key) noexcept {
    if (const std::shared_ptr<CoolDownGate> gate = find(key)) {
        gate->clear();
    }
}

void CoolDownGates::clear() {
    if (only_) {
        only_->clear();
    }
    for (const auto& [key, gate] : keyed_.entries()) { // outside the table's lock: it wakes those who wait
        gate->clear();
    }
}

CoolDownSnapshot CoolDownGates::snapshot(TimePoint now, const CallKey& key) const noexcept {
    const std::shared_ptr<CoolDownGate> gate = only_ ? only_ : keyed_.find(options->key(key));
    return gate ? gate->snapshot(now) : CoolDownSnapshot{.next_chance = now};
}

std::vector<KeyedCoolDownSnapshot> CoolDownGates::snapshots(TimePoint now) const {
    std::vector<KeyedCoolDownSnapshot> shown;
    if (only_) {
        shown.push_back({.key = {}, .gate = only_->snapshot(now)});
    }
    for (const auto& [key, gate] : keyed_.entries()) {
        shown.push_back({.key = key, .gate = gate->snapshot(now)});
    }
    return shown;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
