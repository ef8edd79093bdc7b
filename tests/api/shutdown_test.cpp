#include "api/shutdown.hpp"

#include "support/catch.hpp"

#include "support/api_world.hpp"

#include "scarce_memory.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <future>
#include <new>
#include <thread>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

struct ShutdownWorld : ApiWorld {
    ApiClient api = client({.pipeline = standard()});
    std::optional<std::size_t> stopped;
    TimePoint stopped_at{};

    void shut_down(Duration grace) {
        asio::co_spawn(context, api.shutdown(grace), [this](std::exception_ptr error, std::size_t count) {
            CHECK_FALSE(error);
            stopped = count;
            stopped_at = now();
        });
    }
    Started<ApiResult<void>> call;
    void start_call() { start(call, api.get<void>("/r")); }
};

/// Never answers; only a stop ends it. In real time, on any thread.
struct SilentTransport final : Transport {
    std::atomic<int> begun{0};

    asio::awaitable<expected<Response, TransportError>> send(const Request& /*request*/,
                                                             CallContext& call) override {
        const auto executor = co_await asio::this_coro::executor;
        const auto parking = detail::Parking::make(asio_runtime(), executor);
        ++begun;
        (void)co_await parking->wait(call.deadline.at, call.stop);
        const auto kind = call.stop->requested() ? call.stop->reason() : call.deadline.kind;
        co_return fail(TransportError{Failure{.kind = kind, .reach = Reach::maybe_processed}});
    }
};

} // namespace

TEST_CASE("An idle client shuts down at once, and refuses from then on") {
    ShutdownWorld world;
    const auto began = world.now();
    world.shut_down(5s);
    world.World::run();
    CHECK(world.stopped == 0U);
    CHECK(world.now() == began);
    const auto error = world.get<void>(world.api).error();
    CHECK(error.kind() == FailureKind::client_closed);
    CHECK(error.refused_by() == RefusedBy::client);
    CHECK(error.certainty() == Certainty::refused);
    CHECK_FALSE(error.retryable());
    const auto derived = world.api.with(CallOptions{}.timeout(1s));
    CHECK(world.get<void>(derived).error().kind() == FailureKind::client_closed);
    CHECK(world.transport->seen().empty());
}

TEST_CASE("An attempt that is under way may finish within the grace") {
    ShutdownWorld world;
    world.transport->reply(204, {}, {}, 3s);
    world.start_call();
    world.run_for(1s);
    const auto began = world.now();
    world.shut_down(5s);
    world.World::run();
    CHECK(world.call.outcome.value());
    CHECK(world.stopped == 0U);
    CHECK(world.now() - began == 2s);
}

TEST_CASE("An attempt that fails within the grace is the last one") {
    ShutdownWorld world;
    world.transport->reply(500, {}, {}, 3s).reply(204);
    world.start_call();
    world.run_for(1s);
    world.shut_down(5s);
    world.World::run();
    REQUIRE(world.call.ended());
    const auto& error = world.call.outcome->error();
    CHECK(error.kind() == FailureKind::server_error);
    CHECK(error.refused_by() == RefusedBy::client);
    CHECK(world.transport->left() == 1);
    CHECK(world.stopped == 0U);
}

TEST_CASE("A wait between attempts ends at once, with the last answer") {
    ShutdownWorld world;
    world.transport->reply(503, R"({"retry_after":20})");
    world.start_call();
    world.run_for(1s);
    const auto began = world.now();
    world.shut_down(5s);
    world.World::run();
    REQUIRE(world.call.ended());
    const auto& error = world.call.outcome->error();
    CHECK(error.kind() == FailureKind::service_unavailable);
    CHECK(error.stop_reason() == StopReason::refused);
    CHECK(error.refused_by() == RefusedBy::client);
    CHECK(world.now() == began);
    CHECK(world.stopped == 0U);
}

TEST_CASE("What still runs when the grace is over is stopped") {
    ShutdownWorld world;
    world.transport->hang().hang();
    world.start_call();
    Started<ApiResult<void>> second;
    start(world, second, world.api.with(CallOptions{}.operation("derived")).post<void>("/r"));
    world.run_for(1s);
    const auto began = world.now();
    world.shut_down(5s);
    world.World::run();
    CHECK(world.stopped == 2U);
    CHECK(world.now() - began == 5s);
    REQUIRE(world.call.ended());
    CHECK(world.call.outcome->error().kind() == FailureKind::client_closed);
    REQUIRE(second.ended());
    CHECK(second.outcome->error().certainty() == Certainty::unknown);
}

TEST_CASE("A client may be shut down twice, one after the other or at once") {
    ShutdownWorld world;
    world.transport->hang();
    world.start_call();
    world.run_for(1s);
    world.shut_down(5s);
    std::optional<std::size_t> second;
    asio::co_spawn(world.context, world.api.shutdown(1s),
                   [&second](const std::exception_ptr&, std::size_t count) { second = count; });
    const auto began = world.now();
    world.World::run();
    CHECK(second == 1U); // the shorter grace holds
    CHECK(world.stopped == 0U);
    CHECK(world.now() - began == 1s);
    world.stopped.reset();
    world.shut_down(5s);
    world.World::run();
    CHECK(world.stopped == 0U);
}

TEST_CASE("A cancelled shutdown stops its calls at once, and is complete") {
    ShutdownWorld world;
    world.transport->hang();
    world.start_call();
    world.run_for(1s);
    asio::cancellation_signal cancel;
    std::optional<std::size_t> stopped;
    asio::co_spawn(world.context, world.api.shutdown(1h),
                   asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr&,
                                                                   std::size_t count) { stopped = count; }));
    world.run_for(1s);
    const auto began = world.now();
    cancel.emit(asio::cancellation_type::terminal);
    world.World::run();
    CHECK(stopped == 1U);
    CHECK(world.call.ended());
    CHECK(world.now() == began);
}

TEST_CASE("A call that is canceled says so") {
    ShutdownWorld world;
    world.transport->hang();
    world.start_call();
    world.run_for(1s);
    world.call.cancel.emit(asio::cancellation_type::terminal);
    world.World::run();
    REQUIRE(world.call.ended());
    REQUIRE(world.call.outcome);
    CHECK(world.call.outcome->error().kind() == FailureKind::canceled);
}

TEST_CASE("Calls whose context is gone hold no shutdown up") {
    ShutdownWorld world;
    world.transport->hang();
    {
        asio::io_context other;
        asio::co_spawn(other, world.api.get<void>("/r"), asio::detached);
        other.poll();
        CHECK(world.transport->seen().size() == 1);
    }
    world.shut_down(5s);
    const auto began = world.now();
    world.World::run();
    CHECK(world.stopped == 0U);
    CHECK(world.now() == began);
}

TEST_CASE("Calls whose executor stands still hold a shutdown up no longer than a second") {
    ShutdownWorld world;
    world.transport->hang();
    asio::io_context other;
    asio::co_spawn(other, world.api.get<void>("/r"), asio::detached);
    other.poll();
    world.shut_down(5s);
    const auto began = world.now();
    world.World::run();
    CHECK(world.stopped == 1U);
    CHECK(world.stopped_at - began == 6s);
}

TEST_CASE("Calls on other threads are stopped from this one") {
    const auto transport = std::make_shared<SilentTransport>();
    asio::io_context here;
    ApiClientOptions options{.base_url = "https://api.test", .pipeline = standard(), .transport = transport};
    const ApiClient api{here.get_executor(), std::move(options)};

    constexpr int threads = 4;
    std::vector<asio::io_context> contexts(threads);
    std::vector<std::future<ApiResult<void>>> calls;
    std::vector<std::thread> running;
    for (auto& context : contexts) {
        calls.push_back(asio::co_spawn(context, api.get<void>("/r"), asio::use_future));
        running.emplace_back([&context] { context.run(); });
    }
    while (transport->begun < threads) {
        std::this_thread::yield();
    }
    auto stopped = asio::co_spawn(here, api.shutdown(1ms), asio::use_future);
    here.run();
    for (auto& thread : running) {
        thread.join();
    }
    CHECK(stopped.get() == threads);
    for (auto& call : calls) {
        CHECK(call.get().error().kind() == FailureKind::client_closed);
    }
}

TEST_CASE(
    "a shutdown for which memory runs out closes the transport, and one that is repeated ends the calls") {
    struct Closing final : Transport {
        int closed = 0;
        asio::awaitable<expected<Response, TransportError>> send(const Request& /*request*/,
                                                                 CallContext& call) override {
            (void)co_await nap(*runtime, 1h, call.stop);
            co_return fail(TransportError{Failure{.kind = call.stop->reason()}});
        }
        void close() noexcept override { ++closed; }
        Runtime* runtime = nullptr;
    };
    int failed = 0;
    bool more = true;
    for (std::size_t granted = 0; more; ++granted) {
        CAPTURE(granted);
        World world;
        const auto transport = std::make_shared<Closing>();
        transport->runtime = &world.runtime;
        const ApiClient api{world.context.get_executor(),
                            {.base_url = "https://api.test",
                             .pipeline = single({.attempt_timeout = 10s}),
                             .transport = transport,
                             .runtime = &world.runtime}};
        Started<ApiResult<void>> calls[2];
        for (auto& call : calls) {
            start(world, call, api.get<void>("/r"));
        }
        world.run_for(1ms);
        Started<std::size_t> first;
        start(world, first, api.shutdown(0s));
        {
            const ScarceMemory memory(granted);
            world.run_for(2s);
            more = memory.ran_out();
        }
        REQUIRE(first.ended());
        CHECK(transport->closed == 1);
        failed += first.thrown ? 1 : 0;
        Started<std::size_t> second;
        start(world, second, api.shutdown(0s));
        world.run_for(2s);
        CHECK(second.outcome);
        for (const auto& call : calls) {
            REQUIRE(call.ended());
            CHECK((call.thrown || !call.outcome->has_value()));
        }
    }
    CHECK(failed > 2);
}

TEST_CASE("a close that could not tell every call tells them when it is repeated") {
    int failed = 0;
    bool more = true;
    for (std::size_t granted = 0; more; ++granted) {
        CAPTURE(granted);
        asio::io_context context;
        const auto calls = std::make_shared<detail::CallRegistry>();
        const detail::ActiveCall one(calls, context.get_executor());
        const detail::ActiveCall other(calls, context.get_executor());
        bool threw = false;
        {
            const ScarceMemory memory(granted);
            try {
                calls->close();
            } catch (const std::bad_alloc&) {
                threw = true;
            }
            more = memory.ran_out();
        }
        CHECK(threw == more);
        failed += threw ? 1 : 0;
        context.poll();
        CHECK((one.draining() || other.draining())); // one that cannot be told keeps no other from it
        CHECK((one.draining() && other.draining()) == !threw);
        calls->close();
        context.restart();
        context.poll();
        CHECK(one.draining());
        CHECK(other.draining());
    }
    CHECK(failed >= 2);
}
