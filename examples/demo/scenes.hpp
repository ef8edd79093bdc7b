#pragma once

#include "stage.hpp"

#include <asio/awaitable.hpp>

namespace demo {

/// Plays all scenes, one after the other.
[[nodiscard]] asio::awaitable<void> play_all(Stage& stage);

} // namespace demo
