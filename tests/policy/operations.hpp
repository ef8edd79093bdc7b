#pragma once

#include "blocking_call.hpp"

#include <algorithm>

namespace backstay::test {

/// How much four threads do together in a test of something cheap: never so little that they hardly meet.
inline const int operations = 4 * std::max(rounds, 25'000);

} // namespace backstay::test
