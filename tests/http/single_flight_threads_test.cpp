#include <backstay/http/single_flight_transport.hpp>

#include "support/catch.hpp"

#include <backstay/pipeline/asio_runtime.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

// Callers on four threads, in real time: but nothing waits for time.

using namespace backstay;
using namespace std::chrono_literals;

namespace {

/// Yields to its executor so often, then answers with the request's target; heeds a stop in between.
class YieldingTransport final : public Transport {
public:
    std::atomic<int> sent{0};
    std::atomic<int> stopped{0};
    std::atomic<int> live{0};

    asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                             CallContext& call) override {
        const int number = sent.fetch_add(1);
        live.fetch_add(1);
        const std::string target = request.url.target();
        for (int i = 0; i < 4; ++i) {
            co_await asio::post(asio::use_awaitable);
            if (call.stop->requested()) {
                stopped.fetch_add(1);
                live.fetch_sub(1);
                co_return fail(TransportError({.kind = call.stop->reason()}));
            }
        }
        live.fetch_sub(1);
        co_return Response(ResponseParts{.status = number % 7 == 0 ? 503 : 200, .body = target});
    }
};

} // namespace

TEST_CASE("callers on several threads share exchanges, and each gets the reply to its own request",
          "[single_flight][threads]") {
    constexpr int calls = 30'000; // of each of eight callers on four threads
    const auto inner = std::make_shared<YieldingTransport>();
    SingleFlightTransport transport{inner, asio_runtime()};
    std::atomic<int> good{0};
    std::atomic<int> given_up{0};
    std::atomic<int> wrong{0};
    std::atomic<int> shared{0};

    const auto caller = [&](int offset) -> asio::awaitable<void> {
        for (int i = 0; i < calls; ++i) {
            const std::string target = "/" + std::to_string((i + offset) % 3);
            Request request("GET", *Url::parse("https://ledger.test" + target));
            CallContext call{.now = Clock::now()};
            StopSignal stop;
            call.stop = &stop;
            if (i % 5 == 0) { // leaves in mid-flight
                const auto executor = co_await asio::this_coro::executor;
                asio::post(executor, [&stop] { stop.request(FailureKind::canceled); });
            }
            const auto outcome = co_await transport.send(request, call);
            if (i % 5 == 0) {
                co_await asio::post(asio::use_awaitable); // the stop has been requested by now
            }
            if (outcome && outcome->body() == target) {
                good.fetch_add(1);
                shared.fetch_add(outcome->exchange().shared ? 1 : 0);
            } else if (!outcome && outcome.error().failure().kind == FailureKind::canceled && i % 5 == 0) {
                given_up.fetch_add(1);
            } else {
                wrong.fetch_add(1);
            }
        }
    };
    std::vector<asio::io_context> contexts(4);
    std::vector<std::thread> threads;
    int number = 0;
    for (auto& context : contexts) {
        for (int i = 0; i < 2; ++i) {
            asio::co_spawn(context, caller(number++), [](const std::exception_ptr& thrown) {
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
    CHECK(good.load() + given_up.load() == 8 * calls);
    CHECK(wrong.load() == 0);
    CHECK(given_up.load() > 0);
    CHECK(shared.load() > 0);
    CHECK(inner->live.load() == 0);
    CHECK(transport.in_flight() == 0);
}

TEST_CASE("callers whose threads and contexts come and go lose no reply", "[single_flight][threads]") {
    const auto inner = std::make_shared<YieldingTransport>();
    SingleFlightTransport transport{inner, asio_runtime()};
    std::atomic<int> good{0};
    std::atomic<int> wrong{0};
    const auto call_once = [&]() -> asio::awaitable<void> {
        Request request("GET", *Url::parse("https://ledger.test/1"));
        CallContext call{.now = Clock::now()};
        const auto outcome = co_await transport.send(request, call);
        (outcome && outcome->body() == "/1" ? good : wrong).fetch_add(1);
    };
    constexpr int rounds = 500; // of each thread
    const auto work = [&](bool leaves) {
        for (int round = 0; round < rounds; ++round) {
            asio::io_context context;
            asio::co_spawn(context, call_once(), [](const std::exception_ptr& thrown) {
                if (thrown) {
                    std::terminate();
                }
            });
            if (leaves) {
                for (int i = 0; i < round % 6; ++i) {
                    context.poll_one();
                }
            } else {
                context.run();
            }
        }
    };
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back(work, number % 2 == 0);
    }
    for (auto& thread : threads) {
        thread.join();
    }
    CHECK(good.load() >= 2 * rounds);
    CHECK(wrong.load() == 0);
    CHECK(transport.in_flight() == 0);
}
