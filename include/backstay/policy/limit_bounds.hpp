#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// Between what a learned limit moves.
struct LimitBounds {
    int initial = 20; ///< before anything is known; within the other two
    int min = 20;     ///< at least 1: what is probed with while the origin does badly
    int max = 200;    ///< at most 1 000 000
};

/// What one attempt says to a limit that is learned.
struct LimitSample {
    Duration rtt{0};      ///< from the attempt's begin to its end
    int in_flight = 0;    ///< attempts that ran when it ended, itself included
    bool dropped = false; ///< it ran into overload: `rtt` says nothing
};

} // namespace backstay::inline BACKSTAY_ABI
