#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/fields.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// A wait that the server named, and where: one of `Failure`'s hint flags.
struct ServerWait {
    Duration wait{0};
    std::uint16_t source = 0;
};

/// Reads the Retry-After field alone (RFC 9110 section 10.2.3): delta-seconds of at most 10 digits, or a
/// date, which is compared with the reply's own Date field when it has one, else with `wall_now`. A past date
/// is 0. nullopt when there is none or it does not parse. Never too short: fractions of `wall_now` are not
/// subtracted; what the clock cannot count becomes its end.
[[nodiscard]] BACKSTAY_EXPORT std::optional<ServerWait> retry_after(const Fields& fields, WallTime wall_now);

/// Reads the rate-limit fields, the first that says a wait: RateLimit (the list of the current IETF draft,
/// and the older `limit=, remaining=, reset=`), RateLimit-Reset, X-RateLimit-Retry-After, X-RateLimit-Reset,
/// X-Rate-Limit-Reset. In the last four a number from 1704067200 on is a point in time, below it a wait. A
/// reset beside a `...-Remaining` above zero is no wait: some servers send both with every reply. `limited`:
/// whether a limit is what made the reply fail; if not, X-RateLimit-Retry-After alone is read, which says by
/// itself that there is a wait.
[[nodiscard]] BACKSTAY_EXPORT std::optional<ServerWait>
rate_limit_wait(const Fields& fields, WallTime wall_now, bool limited = true);

/// Reads what a reply, a good one too, tells of the quota that the server grants: RateLimit in both forms,
/// and the `...-Remaining` and `...-Reset` fields. Of several quotas the tightest: one that is spent, else
/// the one that asks for the greatest distance between calls. A quota that lacks either number tells nothing.
[[nodiscard]] BACKSTAY_EXPORT ServerQuota rate_limit_quota(const Fields& fields, WallTime wall_now);

/// Reads a body's `retry_after` given as a number: a fraction is rounded up to whole seconds; negative, NaN
/// and absurd values are no hint.
[[nodiscard]] BACKSTAY_EXPORT std::optional<ServerWait> body_wait(double seconds) noexcept;
/// The same given as a string.
[[nodiscard]] BACKSTAY_EXPORT std::optional<ServerWait> body_wait(std::string_view seconds) noexcept;

/// Parses an HTTP date: IMF-fixdate, RFC 850 (two-digit year by the 50-year rule against `wall_now`),
/// asctime; second 60 is accepted (RFC 9110 section 5.6.7).
[[nodiscard]] BACKSTAY_EXPORT std::optional<WallTime> parse_http_date(std::string_view text,
                                                                      WallTime wall_now) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
