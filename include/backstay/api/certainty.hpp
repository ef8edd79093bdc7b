#pragma once

#include <backstay/core/certainty.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// Folds the outcomes of a call's attempts, in order, into one certainty.
///
/// * An attempt that was `maybe_processed` makes it `unknown`, until a later answer speaks for all of them:
///   any success, or a 3xx or 4xx except 401, 408, 425 and 429, which turn one attempt away unseen. A later
///   5xx, refusal or lost connection says nothing about the earlier attempt.
/// * An attempt that was worked on (500) or turned away stays so when a later one comes less far.
/// * A gateway's 502 or 504 to a method that changes something is `unknown`: the gateway does not know
/// either.
class CertaintyFold {
public:
    /// `read_only`: the method is safe in the sense of RFC 9110 section 9.2.1 (GET, HEAD, OPTIONS, TRACE).
    explicit CertaintyFold(bool read_only = false) noexcept : read_only_(read_only) {}

    /// Takes the outcome of the next attempt; for a success, a failure of kind `none`.
    BACKSTAY_EXPORT void add(const Failure& outcome) noexcept;

    /// What is known now; `not_sent` before the first attempt.
    [[nodiscard]] Certainty value() const noexcept { return value_; }

private:
    bool read_only_;
    Certainty value_ = Certainty::not_sent;
};

} // namespace backstay::inline BACKSTAY_ABI
