#pragma once

#include <backstay/core/config.hpp>

#include <asio/error.hpp>

#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

/// Turns Asio's codes for the operating system's errors into the standard library's, which alone compare with
/// `std::errc` on every Asio.
[[nodiscard]] inline std::error_code standard_code(const std::error_code& code) noexcept {
    return code.category() == asio::error::get_system_category()
               ? std::error_code(code.value(), std::system_category())
               : code;
}

/// True when a descriptor could not be had, in this process or on this machine.
[[nodiscard]] inline bool no_descriptor(const std::error_code& code) noexcept {
    const std::error_code standard = standard_code(code);
    return standard == std::errc::too_many_files_open || standard == std::errc::too_many_files_open_in_system;
}

} // namespace backstay::inline BACKSTAY_ABI
