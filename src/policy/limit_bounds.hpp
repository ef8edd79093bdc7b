#pragma once

#include <backstay/policy/limit_bounds.hpp>

#include "policy/check_option.hpp"

#include <string>

namespace backstay::inline BACKSTAY_ABI {

inline const LimitBounds& validated(const LimitBounds& bounds) {
    constexpr int most = 1'000'000;
    check_option(bounds.min >= 1 && bounds.min <= most, "LimitBounds.min", bounds.min, "1 to 1000000");
    check_option(bounds.max >= bounds.min && bounds.max <= most, "LimitBounds.max", bounds.max,
                 "min (" + std::to_string(bounds.min) + ") to 1000000");
    check_option(bounds.initial >= bounds.min && bounds.initial <= bounds.max, "LimitBounds.initial",
                 bounds.initial,
                 "min (" + std::to_string(bounds.min) + ") to max (" + std::to_string(bounds.max) + ")");
    return bounds;
}

} // namespace backstay::inline BACKSTAY_ABI
