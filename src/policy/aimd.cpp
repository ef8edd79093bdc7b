#include <backstay/policy/aimd.hpp>

#include "policy/check_option.hpp"
#include "policy/limit_bounds.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace backstay::inline BACKSTAY_ABI {

Aimd::Aimd(const AimdOptions& options, const LimitBounds& bounds)
    : options_(options), bounds_(validated(bounds)), limit_(bounds.initial) {
    check_option(options.backoff_ratio >= 0.5 && options.backoff_ratio < 1, "AimdOptions.backoff_ratio",
                 options.backoff_ratio, "0.5 to below 1");
    check_option(options.timeout > Duration::zero(), "AimdOptions.timeout", options.timeout,
                 "longer than 0 s");
}

void Aimd::note(const LimitSample& sample) noexcept {
    if (sample.dropped || sample.rtt > options_.timeout) {
        limit_ = static_cast<int>(limit_ * options_.backoff_ratio);
    } else if (sample.in_flight * 2LL >= limit_) {
        ++limit_;
    }
    limit_ = std::clamp(limit_, bounds_.min, bounds_.max);
}

std::string Aimd::describe() const {
    std::array<char, 32> ratio{};
    const auto end = std::to_chars(ratio.data(), ratio.data() + ratio.size(), options_.backoff_ratio,
                                   std::chars_format::general, 3)
                         .ptr;
    return "aimd, x" + std::string(ratio.data(), end) + " after a drop or " + to_text(options_.timeout);
}

} // namespace backstay::inline BACKSTAY_ABI
