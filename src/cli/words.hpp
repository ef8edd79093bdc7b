#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>

#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Writes a name without its underscores.
[[nodiscard]] std::string words(std::string_view name);

/// Names an outcome as people do: `503`, `connection lost`.
[[nodiscard]] std::string outcome_words(FailureKind kind, int status);

/// Says why there was no further attempt, or none at all; empty when there is nothing to say.
[[nodiscard]] std::string stop_words(StopReason reason, RefusedBy by, bool attempted);

/// Writes a duration that is glanced at: `12 ms`, `1.0 s`, `5 min`.
[[nodiscard]] std::string duration_words(Duration duration);

} // namespace backstay::inline BACKSTAY_ABI::cli
