#pragma once

#include <backstay/core/config.hpp>

#include <cstdint>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Who gets the next free slot of a limit.
enum class QueueOrder : std::uint8_t {
    fifo, ///< who came first
    lifo, ///< who came last: when a queue stands, the newest is the likeliest to be still wanted
};

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(QueueOrder order) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
