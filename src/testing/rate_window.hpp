#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <chrono>
#include <optional>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// Counts requests in windows of fixed length, the first of which begins with the first request.
class RateWindow {
public:
    /// `most` 0: no limit.
    RateWindow(int most, std::chrono::seconds length) noexcept : most_(most), length_(length) {}

    /// Takes a place; if there is none left, says how long until the next window, in whole seconds, rounded
    /// up.
    [[nodiscard]] std::optional<std::chrono::seconds> refuse(TimePoint now) noexcept {
        if (most_ == 0) {
            return std::nullopt;
        }
        if (used_ == 0 || now - begun_ >= length_) {
            begun_ = now;
            used_ = 0;
        }
        if (used_ < most_) {
            ++used_;
            return std::nullopt;
        }
        return std::chrono::ceil<std::chrono::seconds>(length_ - (now - begun_));
    }

private:
    int most_;
    std::chrono::seconds length_;
    TimePoint begun_{};
    int used_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
