#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/policy/limit_bounds.hpp>

#include <chrono>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

struct AimdOptions {
    double backoff_ratio = 0.9;                 ///< what a drop leaves of the limit: 0.5 to below 1
    Duration timeout = std::chrono::seconds{5}; ///< an attempt that takes longer is a drop, longer than zero
};

/// Learns a limit from losses: one more after each good attempt while half of the limit is in use, a tenth
/// less after each drop. So it settles where about one attempt in `limit / 10` is dropped, and it is blind to
/// latency below `timeout`. Plain arithmetic; not thread-safe.
/// Source: AIMDLimit of Netflix's concurrency-limits; Chiu and Jain 1989, as in TCP.
class Aimd {
public:
    /// Throws `std::invalid_argument` naming the option that is out of range.
    BACKSTAY_EXPORT Aimd(const AimdOptions& options, const LimitBounds& bounds);

    BACKSTAY_EXPORT void note(const LimitSample& sample) noexcept;

    [[nodiscard]] int limit() const noexcept { return limit_; }

    /// Describes itself: `aimd, x0.9 after a drop`.
    [[nodiscard]] BACKSTAY_EXPORT std::string describe() const;

private:
    AimdOptions options_;
    LimitBounds bounds_;
    int limit_;
};

} // namespace backstay::inline BACKSTAY_ABI
