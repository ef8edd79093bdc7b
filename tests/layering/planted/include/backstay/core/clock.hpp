#pragma once

#include <asio/steady_timer.hpp>
