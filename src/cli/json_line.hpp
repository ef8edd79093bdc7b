#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Writes a JSON string. Bytes that are not UTF-8 are read as Latin-1, so that what a server puts into a
/// header cannot make the output something else than JSON.
[[nodiscard]] std::string json_text(std::string_view text);

/// The same, or `null` when it is empty.
[[nodiscard]] std::string json_text_or_null(std::string_view text);

/// Writes milliseconds, or seconds, with three decimals at most.
[[nodiscard]] std::string json_milliseconds(Duration duration);
[[nodiscard]] std::string json_seconds(std::optional<Duration> duration);

/// Writes a list: `[a,b]`.
template <class Range, class Write>
[[nodiscard]] std::string json_list(const Range& range, Write write) {
    std::string list;
    for (const auto& item : range) {
        list.append(list.empty() ? "" : ",").append(write(item));
    }
    return "[" + list + "]";
}

/// Writes an object with its members in the order in which they are added.
class JsonObject {
public:
    /// Adds a member whose value is JSON already.
    JsonObject& add(std::string_view name, std::string_view json) {
        text_.append(text_.empty() ? "" : ",").append(json_text(name)).append(":").append(json);
        return *this;
    }

    [[nodiscard]] std::string text() const { return "{" + text_ + "}"; }

private:
    std::string text_;
};

} // namespace backstay::inline BACKSTAY_ABI::cli
