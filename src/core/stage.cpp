#include <backstay/core/stage.hpp>

#include <array>

namespace backstay::inline BACKSTAY_ABI {

std::string_view to_string(Stage stage) noexcept {
    static constexpr std::array<std::string_view, 13> names{
        "total_timeout",     "retry",           "hedge",        "credentials",       "cool_down",
        "adaptive_throttle", "circuit_breaker", "rate_limiter", "concurrency_limit", "adaptive_concurrency",
        "attempt_timeout",   "chaos",           "custom"};
    return names.at(static_cast<std::size_t>(stage));
}

} // namespace backstay::inline BACKSTAY_ABI
