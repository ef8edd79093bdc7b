#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>

#include <string>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

/// Why one step of an exchange failed; the transport adds how far the request had come.
struct StepFault {
    FailureKind kind = FailureKind::none;
    std::error_code cause{};
    std::string message{}; ///< a sentence for the log, without secrets
};

} // namespace backstay::inline BACKSTAY_ABI
