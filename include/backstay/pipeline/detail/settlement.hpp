#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What travels outwards through the stages once an attempt has ended or could not begin.
struct Settlement {
    bool failed = false;       ///< `failure` is what the next stage sees; else it sees a success
    bool made_here = false;    ///< a stage or the driver made the failure; else it is the operation's outcome
    bool replaced = false;     ///< made here in place of an outcome, by `Verdict::replace`
    bool final = false;        ///< canceled, stopped or out of time: nobody's `again_at` is heeded
    bool timed_out = false;    ///< a deadline passed before the attempt began
    bool again = false;        ///< a stage wants a repeat at `at`
    bool has_previous = false; ///< `previous` is what an earlier attempt of this call came to
    bool previous_replaced = false; ///< by a stage, so that the operation's own outcome does not say it
    StopReason stop_reason = StopReason::none;
    RefusedBy refused_by = RefusedBy::none;
    Failure failure{};
    Failure previous{};
    TimePoint at{};

    [[nodiscard]] const Failure* seen() const noexcept { return failed ? &failure : nullptr; }

    void refuse(const Failure& made) noexcept {
        failed = made_here = true;
        timed_out = replaced = false;
        stop_reason = StopReason::none;
        refused_by = RefusedBy::none;
        failure = made;
    }

    /// Puts the previous outcome in the place of a refusal, and notes who refused.
    void keep_previous() noexcept {
        if (made_here && has_previous) {
            refused_by = failure.refused_by;
            failure = previous;
            made_here = false;
            replaced = previous_replaced;
        }
    }
};

} // namespace backstay::inline BACKSTAY_ABI::detail
