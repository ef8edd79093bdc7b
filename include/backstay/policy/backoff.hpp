#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/random.hpp>
#include <backstay/core/time.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// How the delay d of the n-th repeat (n from 0) grows, before the cap.
enum class Growth : std::uint8_t {
    exponential, ///< base * factor^n
    linear,      ///< base * (n + 1)
    constant,    ///< base
};

/// How a delay is spread, so that clients that failed together do not return together.
enum class Jitter : std::uint8_t {
    none,
    full,            ///< U[0, d]
    equal,           ///< d/2 + U[0, d/2]
    proportional,    ///< d * U[1 - ratio, 1 + ratio]
    decorrelated,    ///< min(cap, U[base, 3 * previous delay]), as published: bunches at the cap; knows no
                     ///< growth
    decorrelated_v2, ///< Polly's smooth curve, about base * {1, 1, 2, 4, 8, ...}; knows no growth
};

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(Jitter jitter) noexcept;

struct BackoffOptions {
    Duration base = std::chrono::milliseconds{200}; ///< the first delay before jitter; 0: repeat at once
    double factor = 2;                              ///< of exponential growth, at least 1
    Duration cap = std::chrono::seconds{20};        ///< no delay before jitter is longer
    Growth growth = Growth::exponential;
    Jitter jitter = Jitter::full;
    double jitter_ratio = 0.25; ///< for `proportional`: 0 to 1
};

/// Computes the delays between attempts. Jitter is applied after the cap, so that clients whose delay has
/// reached it stay spread. A plain value; one serves any number of calls and threads.
/// Source: "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015); Polly.Contrib.WaitAndRetry.
class Backoff {
public:
    /// What is remembered of one call's delays; `State{}` starts the sequence over.
    struct State {
        float previous = 0;      ///< the last delay in clock ticks, or the last point on Polly's curve
        std::uint32_t count = 0; ///< delays given so far
    };

    /// Throws `std::invalid_argument` when base < 0, cap < base, factor < 1, or jitter_ratio is outside 0..1.
    BACKSTAY_EXPORT explicit Backoff(const BackoffOptions& options = BackoffOptions());

    /// Computes the next delay; never negative, never more than `longest()`.
    [[nodiscard]] BACKSTAY_EXPORT Duration next(State& state, Random& random) const noexcept;

    /// Bounds a single delay: the cap, plus what proportional jitter may add.
    [[nodiscard]] BACKSTAY_EXPORT Duration longest() const noexcept;

    /// Bounds the sum of all delays of a call of so many attempts; `Duration::max()` for 0, without limit.
    [[nodiscard]] BACKSTAY_EXPORT Duration longest_total(int attempts) const noexcept;

    /// Describes itself: `full jitter, 200 ms .. 20 s`.
    [[nodiscard]] BACKSTAY_EXPORT std::string describe() const;

    [[nodiscard]] const BackoffOptions& options() const noexcept { return options_; }

private:
    [[nodiscard]] double grown(std::uint32_t count) const noexcept;
    [[nodiscard]] double sum(double delays) const noexcept;
    [[nodiscard]] double decorrelated(State& state, Random& random) const noexcept;
    [[nodiscard]] double decorrelated_v2(State& state, Random& random) const noexcept;

    BackoffOptions options_;
};

} // namespace backstay::inline BACKSTAY_ABI
