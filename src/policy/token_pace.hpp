#pragma once

#include <backstay/core/time.hpp>

#include <algorithm>
#include <cstddef>

namespace backstay::inline BACKSTAY_ABI::detail {

/// The arithmetic of a token bucket that is kept as one number, `due`: when the next token is there. Tokens
/// lie `interval` apart; a `due` in the past means that some are saved up, and counts back to `depth` at
/// most. Integers only: no rounding adds up, and what the clock cannot count becomes its end.
struct TokenPace {
    Duration interval{1}; ///< at least 1 ns
    Duration depth{0};    ///< of all that can be saved up but the first one

    /// The interval is rounded up: never faster than asked.
    [[nodiscard]] static constexpr TokenPace of(int rate, Duration period, int burst) noexcept {
        const Duration interval = (period - Duration(1)) / rate + Duration(1);
        return {.interval = interval, .depth = interval * (burst - 1)};
    }

    /// `due`, when one more token has been taken at `now`.
    [[nodiscard]] constexpr TimePoint after_take(TimePoint due, TimePoint now) const noexcept {
        // before the end of time, which means something else to who keeps it
        return std::min(saturating_add(filled(due, now), interval), end_of_time - Duration(1));
    }

    /// When a token is there for one who has so many others before it.
    [[nodiscard]] constexpr TimePoint at(TimePoint due, TimePoint now, std::size_t others) const noexcept {
        return std::max(saturating_add(filled(due, now), times(static_cast<Duration::rep>(others))), now);
    }

    /// Counts the tokens that are there.
    [[nodiscard]] constexpr int tokens(TimePoint due, TimePoint now) const noexcept {
        return due > now ? 0 : static_cast<int>((now - filled(due, now)) / interval) + 1;
    }

    /// `due` as it is from `now` on when the pace becomes another one: whole tokens stay, and such a part of
    /// the next one.
    [[nodiscard]] constexpr TimePoint converted(TimePoint due, TimePoint now, TokenPace to) const noexcept {
        const bool owed = due > now;
        const Duration distance = owed ? due - now : now - filled(due, now);
        const double part =
            static_cast<double>((distance % interval).count()) / static_cast<double>(interval.count());
        const auto rest =
            Duration(static_cast<Duration::rep>(part * static_cast<double>(to.interval.count())));
        const TimePoint whole =
            saturating_add(now, owed ? to.times(distance / interval) : -to.times(distance / interval));
        return to.filled(saturating_add(whole, owed ? rest + Duration(1) : -rest), now);
    }

private:
    [[nodiscard]] constexpr Duration times(Duration::rep tokens) const noexcept {
        const bool countable = tokens <= Duration::max() / interval;
        return countable ? interval * tokens : Duration::max();
    }
    [[nodiscard]] constexpr TimePoint filled(TimePoint due, TimePoint now) const noexcept {
        return std::max(due, saturating_add(now, -depth));
    }
};

} // namespace backstay::inline BACKSTAY_ABI::detail
