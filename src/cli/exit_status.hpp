#pragma once

#include <backstay/core/config.hpp>

namespace backstay::inline BACKSTAY_ABI::cli {

inline constexpr int exit_success = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_interrupted = 130;

} // namespace backstay::inline BACKSTAY_ABI::cli
