#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace demo {

/// Counts what is alike, in the order in which it first came: `50 x 401, 200`. What has a blank in it is
/// bracketed where it is counted: `3 x (500 500)`.
[[nodiscard]] std::string tally(const std::vector<std::string>& things);

/// The same of things that are all alike.
[[nodiscard]] std::string tally(std::size_t count, const std::string& thing);

} // namespace demo
