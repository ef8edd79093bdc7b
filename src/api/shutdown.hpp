#pragma once

#include "api/client_core.hpp"

#include <asio/awaitable.hpp>

#include <cstddef>
#include <memory>

namespace backstay::inline BACKSTAY_ABI::detail {

/// See `ApiClient::shutdown`.
[[nodiscard]] asio::awaitable<std::size_t> shut_down(std::shared_ptr<const ClientCore> core, Duration grace);

} // namespace backstay::inline BACKSTAY_ABI::detail
