#pragma once

#include <backstay/api/guide.hpp>
#include <backstay/core/config.hpp>

#include <string_view>

namespace backstay::inline BACKSTAY_ABI::cli {

/// The library's advice in words for a shell, where it names its own functions. `method`: what reads changes
/// nothing, and needs no warning about repeats.
[[nodiscard]] ApiGuide shell_guide(std::string_view method);

} // namespace backstay::inline BACKSTAY_ABI::cli
