#include "policy/circuit_table.hpp"

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI::detail {

CircuitTable::CircuitTable(const CircuitBreakerOptions& with)
    : options(std::make_shared<const CircuitBreakerOptions>(with)),
      dry_run(with.dry_run),
      keyed_(with.max_keys) {
    if (with.unkeyed) {
        only_.emplace(options);
    }
}

void CircuitTable::obtain_keyed(const CallKey& key, std::shared_ptr<Circuit>& circuit) noexcept {
    circuit = keyed_.obtain(options->key(key), [this] { return std::make_shared<Circuit>(options); });
}

/// Outside the table's lock: `action` wakes waiters.
template <class F>
void CircuitTable::for_each_circuit(F action) {
    if (only_) {
        action(*only_);
    }
    for (const auto& [key, circuit] : keyed_.entries()) {
        action(*circuit);
    }
}

std::uint64_t CircuitTable::isolate(TimePoint until) {
    const std::uint64_t id = begin_isolation(until);
    try {
        for_each_circuit([](Circuit& circuit) { circuit.call_all(); });
    } catch (...) { // no memory: who waits is refused when it asks next
    }
    return id;
}

std::uint64_t CircuitTable::begin_isolation(TimePoint until) {
    const std::lock_guard lock(mutex_);
    isolations_.push_back({.id = ++isolation_ids_, .until = until});
    note_isolation();
    return isolation_ids_;
}

void CircuitTable::end_isolation(std::uint64_t id) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase_if(isolations_, [id](const Isolated& isolated) { return isolated.id == id; });
    note_isolation();
}

void CircuitTable::note_isolation() noexcept {
    TimePoint last = TimePoint::min();
    for (const Isolated& isolated : isolations_) {
        last = std::max(last, isolated.until);
    }
    isolated_until_.store(last.time_since_epoch().count(), std::memory_order_release);
}

void CircuitTable::close() {
    for_each_circuit([](Circuit& circuit) { circuit.close_by_hand(); });
}

CircuitSnapshot CircuitTable::judged(CircuitSnapshot circuit, TimePoint now) const noexcept {
    if (now < isolated_until()) {
        circuit.state = CircuitState::isolated;
        circuit.next_change = isolated_until();
    }
    return circuit;
}

CircuitSnapshot CircuitTable::snapshot(TimePoint now, const CallKey& key) const noexcept {
    if (only_) {
        return judged(only_->snapshot(now), now);
    }
    const std::shared_ptr<Circuit> known = keyed_.find(options->key(key));
    return judged(known ? known->snapshot(now) : CircuitSnapshot{}, now);
}

std::vector<KeyedCircuitSnapshot> CircuitTable::snapshots(TimePoint now) const {
    std::vector<KeyedCircuitSnapshot> shown;
    if (only_) {
        shown.push_back({.key = {}, .circuit = judged(only_->snapshot(now), now)});
    }
    for (const auto& [key, circuit] : keyed_.entries()) {
        shown.push_back({.key = key, .circuit = judged(circuit->snapshot(now), now)});
    }
    if (shown.empty() && now < isolated_until()) {
        shown.push_back({.key = {}, .circuit = judged(CircuitSnapshot{}, now)});
    }
    return shown;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
