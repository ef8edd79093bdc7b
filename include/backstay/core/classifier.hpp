#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>

#include <array>
#include <cstdint>
#include <optional>

namespace backstay::inline BACKSTAY_ABI {

/// May a call that failed so be repeated?
enum class Repeat : std::uint8_t {
    never,
    if_safe, ///< when it never left, its method is idempotent, or it carries an idempotency key
    always,
};

/// What a failure says about the health of its origin.
enum class Vote : std::uint8_t { success, neutral, failure };

/// One row of the table of outcomes (docs/policies.md).
struct Rule {
    Repeat repeat = Repeat::never;
    Vote vote = Vote::neutral;
    bool feeds_cool_down = false; ///< when it carries a wait
    bool overload = false;        ///< its origin has more to do than it can: it said so, or was too late
};

/// The table of outcomes as data. Change a row, or add rows for kinds 128 to 255, without writing a policy.
class Classifier {
public:
    /// The default table.
    BACKSTAY_EXPORT Classifier() noexcept;

    /// Replaces a row.
    Classifier& set(FailureKind kind, Rule rule) noexcept {
        rules_[static_cast<std::uint8_t>(kind)] = rule;
        return *this;
    }

    [[nodiscard]] const Rule& operator[](FailureKind kind) const noexcept {
        return rules_[static_cast<std::uint8_t>(kind)];
    }

    /// Decides whether a call may be repeated after this failure. `safe` is about the request as a whole.
    [[nodiscard]] BACKSTAY_EXPORT bool may_repeat(const Failure& failure, bool safe) const noexcept;

    /// True when `may_repeat` said no only because the request is not safe to repeat.
    [[nodiscard]] BACKSTAY_EXPORT bool unsafe_to_repeat(const Failure& failure, bool safe) const noexcept;

    /// Repeats a POST or PATCH after a 429: the server refused before it worked.
    bool repeat_unsafe_when_rate_limited = true;
    /// Repeats a POST or PATCH after a 503 that names a wait: the server refused and invites the repeat.
    bool repeat_unsafe_when_invited = true;
    /// Repeats a 409 whose `in_progress` flag the api set.
    bool repeat_in_progress = true;
    /// Waits so long after a 429 that names no wait; nullopt: backs off from `Retry`'s rate-limited base.
    std::optional<Duration> rate_limited_default_wait{};

private:
    std::array<Rule, 256> rules_{};
};

} // namespace backstay::inline BACKSTAY_ABI
