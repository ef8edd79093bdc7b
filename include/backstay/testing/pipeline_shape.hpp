#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Compares a pipeline's stages with those that a test expects, outermost first: `total_timeout`, `retry`,
/// `circuit_breaker "ledger"` ... Returns an empty text when they are the same, else what differs, for the
/// test to show: `stage 3: expected cool_down, found circuit_breaker`. Call it with `pipeline.stages()`.
[[nodiscard]] BACKSTAY_EXPORT std::string shape_difference(std::span<const StageDescription> stages,
                                                           std::initializer_list<std::string_view> expected);

} // namespace backstay::inline BACKSTAY_ABI
