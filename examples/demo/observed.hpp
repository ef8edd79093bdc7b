#pragma once

#include <backstay/api/api_error.hpp>
#include <backstay/api/attempt.hpp>
#include <backstay/policy/circuit_breaker.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace demo {

/// How one call went: as its caller saw it, and as the server did.
struct Observed {
    std::string name{};   ///< by which `expectations.cpp` knows it
    std::string call{};   ///< `GET /resources/12345`
    std::string server{}; ///< what it did, by its own log
    std::size_t requests = 0;
    std::size_t effects = 0; ///< things that the call made happen at the server
    std::vector<backstay::Attempt> attempts{};
    int status = 0;                                  ///< of a success
    std::optional<backstay::ApiError> error{};       ///< nullopt: a success
    std::optional<backstay::CircuitState> circuit{}; ///< where it is shown: afterwards

    /// `200`, or the error's kind.
    [[nodiscard]] std::string outcome() const {
        return error ? std::string(to_string(error->kind())) : std::to_string(status);
    }
};

} // namespace demo
