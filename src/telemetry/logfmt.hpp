#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Writes one line of `name=value` fields. A value can neither end the line nor begin another field: what
/// is not plain is quoted, and in quotes every byte but printable ASCII is escaped.
class BACKSTAY_EXPORT LogfmtLine {
public:
    static constexpr std::size_t longest_value = 200;

    /// Adds a field; an empty value adds none. A longer one is cut, and ends with three dots.
    LogfmtLine& field(std::string_view name, std::string_view value, std::size_t longest = longest_value);
    LogfmtLine& field(std::string_view name, std::uint64_t value);
    /// `1.5s`, `250ms`; zero adds none.
    LogfmtLine& field(std::string_view name, Duration value);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
