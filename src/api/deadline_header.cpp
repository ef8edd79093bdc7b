#include <backstay/api/deadline_header.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

std::optional<TimePoint> deadline_from_header(std::string_view value, TimePoint now) noexcept {
    constexpr std::size_t most_digits = 10;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (value.empty() || value.size() > most_digits || !std::all_of(value.begin(), value.end(), is_digit)) {
        return std::nullopt; // from_chars would take a sign
    }
    std::int64_t milliseconds = 0;
    (void)std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    return saturating_add(now, std::chrono::milliseconds(milliseconds));
}

} // namespace backstay::inline BACKSTAY_ABI
