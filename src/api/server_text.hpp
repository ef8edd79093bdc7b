#pragma once

#include "core/utf8.hpp"

#include <backstay/core/config.hpp>

#include <cstddef>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Bounds a text that a server chose and that errors and histories keep: the first kilobyte, between
/// characters.
[[nodiscard]] inline std::string_view server_text(std::string_view text) noexcept {
    constexpr std::size_t longest = 1024;
    return utf8_prefix(text, longest);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
