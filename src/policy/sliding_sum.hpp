#pragma once

#include <backstay/core/config.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Sums what was added in the last so many steps of time, the one that is open included. Serialised by the
/// owner.
template <std::size_t Steps>
class SlidingSum {
public:
    /// Opens a later step; an earlier one (a clock that was read before, and comes later) changes nothing.
    void move_to(std::int64_t step) noexcept {
        if (step <= step_) {
            return;
        }
        const auto passed = std::min(static_cast<std::uint64_t>(step - step_), std::uint64_t{Steps});
        for (std::uint64_t n = 1; n <= passed; ++n) {
            std::int64_t& left = sums_[(static_cast<std::uint64_t>(step_) + n) % Steps];
            total_ -= left;
            left = 0;
        }
        step_ = step;
    }

    void add(std::int64_t amount) noexcept { add_at(step_, amount); }

    /// Adds to an earlier step; when that has been forgotten, nothing.
    void add_at(std::int64_t step, std::int64_t amount) noexcept {
        if (step <= step_ && step_ - step < static_cast<std::int64_t>(Steps)) {
            sums_[static_cast<std::uint64_t>(step) % Steps] += amount;
            total_ += amount;
        }
    }

    [[nodiscard]] std::int64_t total() const noexcept { return total_; }
    [[nodiscard]] std::int64_t step() const noexcept { return step_; }

private:
    std::array<std::int64_t, Steps> sums_{};
    std::int64_t total_ = 0;
    std::int64_t step_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
