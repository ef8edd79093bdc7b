#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/core/time.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// What one stage says of itself to `describe(pipeline)`: its settings in words, and its arithmetic.
struct StageDescription {
    std::string name{};
    std::string settings{};                 ///< `3 attempts, full jitter 200 ms .. 20 s`
    std::optional<int> most_attempts{};     ///< repeats what is inside up to so many times; 0: without limit
    bool at_once = false;                   ///< those attempts run beside each other
    bool queues = false;                    ///< calls wait in it for each other, however long
    std::optional<Duration> longest_wait{}; ///< of its own choosing, in one call; not what servers name
    std::optional<Duration> total_limit{};  ///< bounds everything inside it
    std::optional<double> amplification{};  ///< attempts per call that it allows in the long run, if bounded
};

/// Writes a duration as people do: `250 ms`, `1.5 s`, `5 min`.
[[nodiscard]] BACKSTAY_EXPORT std::string to_text(Duration duration);

/// Reads a number and its unit: `250ms`, `1.5s`, `5min`, `1h`, also `us` and `ns`.
/// Errors: a sentence that quotes the text and says what to write.
[[nodiscard]] BACKSTAY_EXPORT expected<Duration, std::string> parse_duration(std::string_view text);

} // namespace backstay::inline BACKSTAY_ABI
