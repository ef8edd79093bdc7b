#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/stage.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// What a pipeline can come to at worst; nullopt: nothing bounds it.
struct PipelineBounds {
    std::optional<int> most_attempts{};
    std::optional<Duration> longest_time{};  ///< of one call, without queues and the waits that servers name
    std::optional<Duration> longest_sum{};   ///< the same if no total timeout cut it
    std::optional<Duration> longest_total{}; ///< of one call, whatever it waits for
    double largest_amplification =
        0; ///< attempts per call while everything fails and budgets last; 0: unbounded
    std::optional<double> sustained_amplification{}; ///< in the long run, when a budget bounds it
};

/// Does the arithmetic of the stages, outermost first.
[[nodiscard]] BACKSTAY_EXPORT PipelineBounds bounds(std::span<const StageDescription> stages);

/// Prints the stages, a line each, then the bounds, then a warning for what cannot fit.
[[nodiscard]] BACKSTAY_EXPORT std::string describe(std::span<const StageDescription> stages);

/// Says, a sentence each, what is rarely meant in the order of these stages, outermost first. What is always
/// wrong does not compile.
[[nodiscard]] BACKSTAY_EXPORT std::vector<std::string> order_warnings(std::span<const Stage> stages);

} // namespace backstay::inline BACKSTAY_ABI
