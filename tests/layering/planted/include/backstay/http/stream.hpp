#pragma once

#include <asio/ssl.hpp>

#include <backstay/policy/retry.hpp>
