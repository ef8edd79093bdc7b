#pragma once

#include <backstay/core/config.hpp>

#include <cstdint>

namespace backstay::inline BACKSTAY_ABI {

/// Draws numbers for jitter: splitmix64 (Steele, Lea, Flood 2014), 8 bytes, the same sequence for the same
/// seed. Not for secrets or identifiers. Not thread-safe: one per call.
class Random {
public:
    using result_type = std::uint64_t;

    explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

    static constexpr result_type min() noexcept { return 0; }
    static constexpr result_type max() noexcept { return ~result_type{0}; }

    constexpr result_type operator()() noexcept { return next(); }

    constexpr std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    /// Draws from [0, 1) with 53 bits.
    constexpr double unit() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

    /// Draws from [low, high]; `low` when the range is empty or a point.
    constexpr double between(double low, double high) noexcept {
        return high > low ? low + (high - low) * unit() : low;
    }

private:
    std::uint64_t state_;
};

} // namespace backstay::inline BACKSTAY_ABI
