#pragma once

#include <backstay/core/config.hpp>
#include <backstay/testing/fault_script.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// Says whether a route's pattern fits a path (both without a query).
[[nodiscard]] BACKSTAY_EXPORT bool path_matches(std::string_view pattern, std::string_view path) noexcept;

/// Walks through a fault script: which step is next for this request, for this connection. Does no I/O.
/// Thread safety: none.
class BACKSTAY_EXPORT ScriptCursor {
public:
    /// Throws `std::invalid_argument` for a step that is to be played less than once, and for one that holds
    /// both a reply and raw bytes.
    explicit ScriptCursor(FaultScript script);

    /// Takes the next step of the first route that matches; nullopt: the API answers.
    [[nodiscard]] std::optional<FaultStep> next(std::string_view method, std::string_view path);

    /// Takes what is to be done to the next connection.
    [[nodiscard]] ConnectionFault next_connection();

private:
    struct Place {
        std::size_t step = 0;
        int played = 0; ///< times that `step` was played
    };

    FaultScript script_;
    std::vector<Place> places_; ///< one a route
    Place connection_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
