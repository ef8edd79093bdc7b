#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// What is to befall one attempt instead of, or before, its operation. A stage leaves it in the call's
/// context and the driver plays it as if the operation had come to it, so that the stages outside cannot
/// tell.
struct Injection {
    Duration latency{0}; ///< holds the attempt up first
    Failure failure{};   ///< then ends it; of kind `none`: the operation runs

    [[nodiscard]] constexpr bool ends() const noexcept { return failure.kind != FailureKind::none; }
};

} // namespace backstay::inline BACKSTAY_ABI
