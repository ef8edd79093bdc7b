#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Lets so many lines a second through, and at most as many (but at least one) at once; counts the others.
/// Thread safety: none.
class LineLimit {
public:
    /// 0: no limit.
    explicit LineLimit(double per_second) noexcept
        : per_second_(per_second), most_(std::max(per_second, 1.0)), left_(most_) {}

    [[nodiscard]] bool admit(TimePoint now) noexcept {
        if (per_second_ <= 0) {
            return true;
        }
        if (now > last_) { // threads may come with times that are not in order
            left_ = std::min(most_, left_ + std::chrono::duration<double>(now - last_).count() * per_second_);
            last_ = now;
        }
        if (left_ < 1) {
            ++suppressed_;
            return false;
        }
        left_ -= 1;
        return true;
    }

    /// Tells how many were not let through since it was last asked.
    [[nodiscard]] std::uint64_t take_suppressed() noexcept { return std::exchange(suppressed_, 0); }

private:
    double per_second_;
    double most_;
    double left_;
    TimePoint last_{};
    std::uint64_t suppressed_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
