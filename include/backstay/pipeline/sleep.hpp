#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/time.hpp>

#include <asio/awaitable.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// Waits on the runtime's clock, so that code that waits can be tested in virtual time: an Asio timer knows
/// only the real one. False when the coroutine was cancelled first; unless it has called
/// `throw_if_cancelled(false)`, its next `co_await` then throws. Errors: throws `std::bad_alloc`.
/// Lifetime: the runtime, and the call, outlive the wait. Thread safety: on a serialised executor, as a call.
[[nodiscard]] BACKSTAY_EXPORT asio::awaitable<bool> sleep_for(Runtime& runtime, Duration time);

/// The same within an operation: it also ends, and is false, at the call's deadline and when the call is
/// stopped.
[[nodiscard]] BACKSTAY_EXPORT asio::awaitable<bool> sleep_for(Runtime& runtime, Duration time,
                                                              const CallContext& call);

} // namespace backstay::inline BACKSTAY_ABI
