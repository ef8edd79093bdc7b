#pragma once

#include <backstay/core/config.hpp>
#include <backstay/pipeline/registry.hpp>

#include <boost/json/value.hpp>

#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// Makes a list of what a registry's snapshot shows:
/// `[{"name":"ledger/circuit_breaker","kind":"circuit_breaker","states":[{"key":"https://api.test:443",
/// "state":"open","next_change_s":4.2,...}]},{"name":"ledger","kind":"pipeline","description":"..."}]`.
/// A time is in seconds, and its name then ends in `_s`; `key` is null for a state of all
/// calls, or of those without a key.
[[nodiscard]] BACKSTAY_EXPORT boost::json::value to_json(const std::vector<RegistryItem>& items);

} // namespace backstay::inline BACKSTAY_ABI
