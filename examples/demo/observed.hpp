#pragma once

#include <backstay/api/api_error.hpp>
#include <backstay/api/attempt.hpp>
#include <backstay/core/time.hpp>
#include <backstay/policy/circuit_breaker.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace demo {

/// How one call went, as its caller saw it.
struct Result {
    std::vector<backstay::Attempt> attempts{};
    int status = 0; ///< of a success
    bool is_fallback = false;
    std::string data{};                        ///< of a success, as JSON
    std::optional<backstay::ApiError> error{}; ///< nullopt: a success

    /// `200`, `fallback`, or the error's kind.
    [[nodiscard]] std::string outcome() const {
        return error         ? std::string(to_string(error->kind()))
               : is_fallback ? "fallback"
                             : std::to_string(status);
    }
    /// Between its attempts and before the first.
    [[nodiscard]] backstay::Duration waited() const {
        backstay::Duration sum{0};
        for (const backstay::Attempt& attempt : attempts) {
            sum += attempt.waited;
        }
        return sum;
    }
};

/// When requests came, counted from a moment that has a name.
struct Arrivals {
    std::string after{}; ///< `the 429`
    backstay::Duration first{0};
    backstay::Duration last{0};
};

/// How a call went, or several alike that were made at once: as their callers saw it, and as the server did.
struct Observed {
    std::string name{};                              ///< by which `expectations.cpp` knows it
    std::string call{};                              ///< `GET /resources/12345`
    std::vector<Result> results{};                   ///< one a caller
    std::vector<std::string> server{};               ///< what it did, request by request, by its own log
    std::size_t effects = 0;                         ///< things that the calls made happen at the server
    std::optional<Arrivals> arrivals{};              ///< where it is shown
    std::optional<backstay::CircuitState> circuit{}; ///< where it is shown: afterwards
};

} // namespace demo
