#include <backstay/api/credentials.hpp>

#include "support/catch.hpp"

#include <backstay/api/api_client.hpp>
#include <backstay/pipeline/pipeline.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

// Calls on four threads, a client on the threads of a pool: in real time, but nothing waits for it.

using namespace backstay;
using namespace std::chrono_literals;

namespace {

/// Takes the token that was given last, and revokes it after so many requests.
struct RevokingServer final : Transport {
    std::atomic<int> valid{0};
    std::atomic<int> requests{0};

    asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                             CallContext& /*call*/) override {
        if (requests.fetch_add(1) % 1'000 == 0) {
            valid.store(-1);
        }
        const std::string good = "Bearer " + std::to_string(valid.load());
        const bool taken = *request.fields.find("Authorization") == good;
        co_await asio::post(asio::use_awaitable);
        co_return Response{ResponseParts{.status = taken ? 204 : 401}};
    }
};

} // namespace

TEST_CASE("Calls on several threads share one refresh at a time, on the client's own executor", "[threads]") {
    constexpr int calls = 5'000; // of each thread
    const auto server = std::make_shared<RevokingServer>();
    std::atomic<int> fetched{0};
    std::atomic<int> fetching{0};
    std::atomic<int> most{0};
    const auto provider = [&]() -> asio::awaitable<expected<Token, ApiError>> {
        most.store(std::max(most.load(), fetching.fetch_add(1) + 1));
        co_await asio::post(asio::use_awaitable);
        const int number = fetched.fetch_add(1) + 1;
        fetching.fetch_sub(1);
        server->valid.store(number);
        co_return Token{.value = std::to_string(number)};
    };
    asio::thread_pool pool{2};
    std::atomic<int> good{0};
    std::atomic<int> refused{0};
    std::atomic<int> others{0};
    {
        ApiClientOptions options{.base_url = "https://api.test",
                                 .pipeline = Pipeline{Credentials{}},
                                 .transport = server,
                                 .bearer = {provider, {.min_interval = 0s}}};
        const ApiClient api{pool.get_executor(), std::move(options)};
        const auto caller = [&]() -> asio::awaitable<void> {
            for (int i = 0; i < calls; ++i) {
                const auto result = co_await api.get<void>("/r");
                (result                                               ? good
                 : result.error().kind() == FailureKind::unauthorized ? refused
                                                                      : others)
                    .fetch_add(1);
            }
        };
        std::vector<asio::io_context> contexts(4);
        std::vector<std::thread> threads;
        for (auto& context : contexts) {
            for (int i = 0; i < 2; ++i) {
                asio::co_spawn(context, caller(), [](const std::exception_ptr& thrown) {
                    if (thrown) {
                        std::terminate();
                    }
                });
            }
            threads.emplace_back([&context] { context.run(); });
        }
        for (auto& thread : threads) {
            thread.join();
        }
    }
    pool.join();
    CHECK(good.load() + refused.load() == 4 * 2 * calls);
    CHECK(others.load() == 0);
    CHECK(good.load() > 4 * calls);
    CHECK(most.load() == 1);
    CHECK(fetched.load() > 1);
}
