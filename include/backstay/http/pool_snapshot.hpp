#pragma once

#include <backstay/core/config.hpp>

#include <cstddef>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// The connections to one origin at a moment.
struct PoolSnapshot {
    std::string origin{};       ///< `https://host:port`
    std::size_t open = 0;       ///< in use, idle and being made
    std::size_t idle = 0;       ///< of them, unused
    std::size_t connecting = 0; ///< of them, being made
    std::size_t stale = 0;      ///< of the idle ones: their time is over, the next call will close them
    std::size_t queued = 0;     ///< calls that wait for one
};

} // namespace backstay::inline BACKSTAY_ABI
