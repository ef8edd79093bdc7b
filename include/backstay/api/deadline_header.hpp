#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Reads how long the caller of this service still waits for an answer, as
/// `ApiClientOptions::deadline_header` sends it: a whole number of milliseconds of at most 10 digits, counted
/// from `now`, when the request came. Give what it returns to `CallOptions::deadline`: calls on its behalf
/// then end in time. nullopt for anything else. Source: userver's deadline propagation. A remaining time, not
/// a point in time: clocks differ.
[[nodiscard]] BACKSTAY_EXPORT std::optional<TimePoint> deadline_from_header(std::string_view value,
                                                                            TimePoint now) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
