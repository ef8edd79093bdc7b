#pragma once

#include "observed.hpp"

#include <backstay/api/certainty.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>
#include <backstay/policy/circuit_breaker.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

/// What is expected of a line. What it says of a call is expected of each of the line's calls.
struct Expectation {
    std::string_view name{};
    std::size_t callers = 1;
    std::string_view outcome{};
    std::string_view
        attempts{}; ///< what each came to, see `tally`; empty: one, that came to the status `name`
    backstay::StopReason stop = backstay::StopReason::none;
    backstay::Certainty certainty = backstay::Certainty::answered;
    std::string_view data{};          ///< empty: any
    std::string_view server{};        ///< what it did, see `tally`; empty: any
    std::size_t requests_besides = 0; ///< beside those of the attempts
    std::size_t effects = 0;
    backstay::Duration waited_at_least{0};
    std::optional<backstay::Duration> not_before{}; ///< no request came sooner after the moment shown
    std::optional<backstay::Duration> before{};     ///< all requests came sooner than that
    std::optional<backstay::CircuitState> circuit{};
};

/// Everything that is expected, written by hand.
[[nodiscard]] std::span<const Expectation> expectations() noexcept;

/// Compares how calls went with what was expected of them. Empty when it is the same, else what differs, a
/// line each.
[[nodiscard]] std::vector<std::string> differences(const Observed& observed);

/// How many calls are expected in all.
[[nodiscard]] std::size_t expected_calls() noexcept;

} // namespace demo
