#pragma once

#include <backstay/core/config.hpp>

#include <chrono>

namespace backstay::inline BACKSTAY_ABI {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using WallTime = std::chrono::system_clock::time_point;

/// A time that never comes: no deadline, no next chance.
inline constexpr TimePoint end_of_time = TimePoint::max();

/// Adds without overflow: the far ends of the clock absorb.
[[nodiscard]] constexpr TimePoint saturating_add(TimePoint at, Duration wait) noexcept {
    if (wait > Duration::zero() && at > end_of_time - wait) {
        return end_of_time;
    }
    if (wait < Duration::zero() && at < TimePoint::min() - wait) {
        return TimePoint::min();
    }
    return at + wait;
}

} // namespace backstay::inline BACKSTAY_ABI
