#pragma once

#include <backstay/core/config.hpp>

#include <cstdint>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Changes with every fork: a child that went on with its parent's random streams would march in step with it
/// and with its siblings.
[[nodiscard]] std::uint64_t process_number() noexcept;

/// Takes 64 bits from the operating system; from clock and address when it has none to give.
[[nodiscard]] std::uint64_t fresh_entropy() noexcept;

} // namespace backstay::inline BACKSTAY_ABI::detail
