#pragma once

#include <backstay/core/config.hpp>

#include <type_traits>
#include <utility>

#if BACKSTAY_EXPECTED_STD
#include <expected>
#else
#include <tl/expected.hpp>
#endif

namespace backstay::inline BACKSTAY_ABI {

#if BACKSTAY_EXPECTED_STD
template <class T, class E>
using expected = std::expected<T, E>;
template <class E>
using unexpected = std::unexpected<E>;
#else
template <class T, class E>
using expected = tl::expected<T, E>;
template <class E>
using unexpected = tl::unexpected<E>;
#endif

/// Wraps an error for return from a function whose result is `expected`.
template <class E>
[[nodiscard]] constexpr unexpected<std::decay_t<E>> fail(E&& error) {
    return unexpected<std::decay_t<E>>(std::forward<E>(error));
}

} // namespace backstay::inline BACKSTAY_ABI
