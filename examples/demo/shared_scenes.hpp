#pragma once

#include "stage.hpp"

#include <asio/awaitable.hpp>

namespace demo {

// Scenes of many callers, who share what one of them learns.

/// A token that all carry is revoked.
[[nodiscard]] asio::awaitable<void> refresh_a_token(Stage& stage);
/// One caller is told to wait.
[[nodiscard]] asio::awaitable<void> hold_back(Stage& stage);
/// Everybody's calls fail, and would be repeated.
[[nodiscard]] asio::awaitable<void> weather_a_storm(Stage& stage);

} // namespace demo
