#pragma once

#include "http/watchdog.hpp"

#include <backstay/core/config.hpp>
#include <backstay/http/body_sink.hpp>

#include <asio/awaitable.hpp>

#include <memory>
#include <string>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

/// Gives a piece to a sink and waits until it has taken it. When the watchdog or the coroutine's cancellation
/// ends the wait, the sink is cancelled, and waited for. Errors: the sink's code; throws what it throws.
[[nodiscard]] asio::awaitable<std::error_code> write_to(std::shared_ptr<BodySink> sink, std::string piece,
                                                        Watchdog& watchdog);

} // namespace backstay::inline BACKSTAY_ABI
