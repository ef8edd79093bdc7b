#include <backstay/pipeline/guarded.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <iostream>
#include <string>

// The policies around an operation that is not HTTP: only `backstay::pipeline` is linked.

using namespace std::chrono_literals;
using Row = backstay::expected<std::string, backstay::Failure>;

/// A database that fails twice.
asio::awaitable<Row> query(backstay::CallContext& call) {
    if (call.attempt < 3) {
        const backstay::Failure lost{.kind = backstay::FailureKind::connection_lost};
        co_return backstay::fail(lost);
    }
    co_return "row 1, at attempt " + std::to_string(call.attempt);
}

asio::awaitable<void> ask() {
    const backstay::Pipeline pipeline{backstay::TotalTimeout{5s},
                                      backstay::Retry{{.max_attempts = 4, .backoff = {.base = 10ms}}},
                                      backstay::CircuitBreaker{{}}, backstay::AttemptTimeout{1s}};
    std::cout << describe(pipeline);
    const Row row = co_await pipeline.run(backstay::guarded(query)); // it heeds no deadline by itself
    std::cout << (row ? *row : std::string{to_string(row.error().kind)}) << '\n';
}

int main() {
    asio::io_context context;
    asio::co_spawn(context, ask(), asio::detached);
    context.run();
}
