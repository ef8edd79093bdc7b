#pragma once

#include "observed.hpp"

#include <string>
#include <vector>

namespace demo {

/// Compares how a call went with what was expected of it. Empty when it is the same, else what differs, a
/// line each.
[[nodiscard]] std::vector<std::string> differences(const Observed& observed);

/// How many calls are expected in all.
[[nodiscard]] std::size_t expected_calls() noexcept;

} // namespace demo
