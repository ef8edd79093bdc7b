#pragma once

#include "stage.hpp"

#include <asio/awaitable.hpp>

#include <vector>

namespace demo {

/// Writes down the same call several times; none begins yet.
template <class Call>
[[nodiscard]] std::vector<asio::awaitable<Answer>> times(int count, Call call) {
    std::vector<asio::awaitable<Answer>> calls;
    for (int i = 0; i < count; ++i) {
        calls.push_back(call());
    }
    return calls;
}

/// Makes all calls at once, each a coroutine of its own; the answers are in the calls' order.
[[nodiscard]] asio::awaitable<std::vector<Answer>> together(std::vector<asio::awaitable<Answer>> calls);

} // namespace demo
