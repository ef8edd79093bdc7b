#pragma once

#include <backstay/core/config.hpp>

#include <cstdint>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// What a policy is, for the order of a pipeline and for `CallOptions::without`.
enum class Stage : std::uint8_t {
    total_timeout,
    retry,
    hedge,
    credentials,
    cool_down,
    adaptive_throttle,
    circuit_breaker,
    rate_limiter,
    concurrency_limit,
    adaptive_concurrency,
    attempt_timeout,
    chaos,
    custom, ///< a user's own policy: may stand anywhere, any number of times
};

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(Stage stage) noexcept;

/// A set of stages.
class StageSet {
public:
    constexpr StageSet() noexcept = default;

    constexpr StageSet& add(Stage stage) noexcept {
        bits_ |= 1U << static_cast<unsigned>(stage);
        return *this;
    }
    constexpr StageSet& add(StageSet others) noexcept {
        bits_ |= others.bits_;
        return *this;
    }
    [[nodiscard]] constexpr bool has(Stage stage) const noexcept {
        return (bits_ >> static_cast<unsigned>(stage) & 1U) != 0;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

private:
    std::uint32_t bits_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI
