#pragma once

#include "api/client_core.hpp"

#include <backstay/core/config.hpp>

#include <cstdint>
#include <memory>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Runs refresh `number` of the client's token store: a coroutine of its own on a strand of the client's
/// executor, so that no caller's cancellation reaches it. The store hears how it went, whatever becomes of
/// it. False when the client has been shut down: it was abandoned.
bool begin_refresh(std::shared_ptr<const ClientCore> client, std::uint64_t number) noexcept;

} // namespace backstay::inline BACKSTAY_ABI::detail
