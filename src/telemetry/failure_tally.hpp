#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Counts kinds of failures by origin. When there are too many origins, the one that failed longest ago is
/// forgotten. Thread safety: none.
class FailureTally {
public:
    explicit FailureTally(std::size_t max_origins) noexcept : max_origins_(max_origins) {}

    void count(std::string_view origin, FailureKind kind, TimePoint at);

    /// Names the `most` commonest kinds of an origin, `server_error 7, attempt_timeout 2`, and begins anew.
    [[nodiscard]] std::string take(std::string_view origin, std::size_t most);

private:
    struct Counts {
        std::vector<std::pair<FailureKind, std::uint64_t>> kinds;
        TimePoint last{};
    };

    std::size_t max_origins_;
    std::map<std::string, Counts, std::less<>> origins_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
