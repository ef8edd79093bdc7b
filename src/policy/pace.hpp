#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/time.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Spaces calls evenly, so that what is left of a server's quota lasts until it is granted anew. The first
/// one may go at once. Serialised by the owner.
class Pace {
public:
    /// Takes the server's latest word, of which something is left, and heeds it for `longest` at most. When
    /// nobody waits for a turn the next one comes no later than by that word.
    void set(TimePoint now, ServerQuota quota, Duration longest, bool anybody_waits) noexcept {
        constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max());
        spacing_ = quota.resets_in / static_cast<Duration::rep>(std::min(quota.remaining, most));
        until_ = saturating_add(now, std::min(quota.resets_in, longest));
        if (!anybody_waits) {
            next_ = std::min(next_, saturating_add(now, spacing_));
        }
    }

    /// When it ends: the quota is new by then, or the word is too old to be obeyed.
    [[nodiscard]] TimePoint until() const noexcept { return until_; }
    /// When the next call may go; `now`, if it may at once.
    [[nodiscard]] TimePoint next(TimePoint now) const noexcept { return std::max(next_, now); }
    /// Gives that turn away.
    void take(TimePoint now) noexcept { next_ = saturating_add(next(now), spacing_); }

private:
    TimePoint until_ = TimePoint::min();
    TimePoint next_ = TimePoint::min();
    Duration spacing_{0};
};

} // namespace backstay::inline BACKSTAY_ABI::detail
