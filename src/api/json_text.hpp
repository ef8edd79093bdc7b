#pragma once

#include <backstay/api/codec.hpp>
#include <backstay/core/config.hpp>

#include <boost/json/value.hpp>

#include <string_view>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Parses what a server sent, strictly; nesting is bounded. May throw `std::bad_alloc` only.
[[nodiscard]] boost::json::value parse_json(std::string_view text, const Codec& codec,
                                            std::error_code& fault);

/// Finds a string member; empty when there is none.
[[nodiscard]] std::string_view string_member(const boost::json::object& object,
                                             std::string_view name) noexcept;

} // namespace backstay::inline BACKSTAY_ABI::detail
