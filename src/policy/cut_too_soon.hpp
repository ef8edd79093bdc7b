#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Decides whether a timeout came too soon after the attempt began to say anything about the origin: the
/// caller's own deadline was near, or the attempt never began.
[[nodiscard]] inline bool cut_too_soon(const CallContext& call, const Failure& failure,
                                       Duration min_observed) noexcept {
    const Duration observed = call.now - call.attempt_began;
    return (failure.kind == FailureKind::deadline_exceeded && observed < min_observed) ||
           (failure.kind == FailureKind::attempt_timeout && observed <= Duration::zero());
}

} // namespace backstay::inline BACKSTAY_ABI::detail
