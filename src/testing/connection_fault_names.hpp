#pragma once

#include <backstay/core/config.hpp>
#include <backstay/testing/fault_script.hpp>

#include <array>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// The faults' names in scripts and logs, in the order of the enumeration.
inline constexpr std::array<std::string_view, 8> connection_fault_names{
    "serve",
    "reset_after_accept",
    "close_after_accept",
    "stall_handshake",
    "reset_in_handshake",
    "close_in_handshake",
    "garbage_in_handshake",
    "stall_before_reading",
};

static_assert(connection_fault_names.size() ==
              static_cast<std::size_t>(ConnectionFault::stall_before_reading) + 1);

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
