#include <backstay/testing/event_recorder.hpp>

#include "support/catch.hpp"

#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/testing/virtual_world.hpp>

#include <thread>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

using R = expected<int, Failure>;

R call(VirtualWorld& world, Observer& observer, int failures) {
    const Pipeline pipeline{Retry{{.backoff = {.jitter = Jitter::none}}},
                            CircuitBreaker{{.consecutive_failures = 2}}};
    CallSettings settings;
    settings.observer = &observer;
    const auto op = [failures](CallContext& context) -> asio::awaitable<R> {
        const Failure broken{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};
        co_return context.attempt <= failures ? R{fail(broken)} : R{context.attempt};
    };
    return world.run(pipeline.run(world.runtime, settings, op));
}

} // namespace

TEST_CASE("a recorder keeps what a call did, in order, and writes it as text", "[event_recorder]") {
    VirtualWorld world;
    EventRecorder recorder;
    CHECK(call(world, recorder, 1) == 2);
    CHECK(recorder.trace() == "attempt_started #1\n"
                              "attempt_ended #1 server_error 500\n"
                              "retry_scheduled #1 server_error 500 after 200 ms\n"
                              "attempt_started #2\n"
                              "attempt_ended #2\n"
                              "call_ended #2\n");
    CHECK(recorder.count(EventType::attempt_started) == 2);
    CHECK(recorder.events(EventType::attempt_ended).at(0).status == 500);
    CHECK(recorder.last(EventType::retry_scheduled)->delay == 200ms);
    CHECK_FALSE(recorder.last(EventType::hedge_sent));
    recorder.clear();
    CHECK(recorder.events().empty());
}

TEST_CASE("a refusal's trace says by whom, and the texts of an event outlive what it was told with",
          "[event_recorder]") {
    VirtualWorld world;
    EventRecorder recorder;
    CHECK_FALSE(call(world, recorder, 9));
    CHECK(recorder.trace().find("refused #2 circuit_open by circuit_breaker\n") != std::string::npos);
    CHECK(recorder.last(EventType::circuit_opened)->detail == "2 of 2 calls failed, 0 slow");
}

TEST_CASE("a recorder that wants some events records those alone", "[event_recorder]") {
    VirtualWorld world;
    EventRecorder recorder{EventSet().add(EventType::call_ended)};
    CHECK(call(world, recorder, 1) == 2);
    CHECK(recorder.trace() == "call_ended #2\n");
}

TEST_CASE("threads may tell one recorder", "[event_recorder][threads]") {
    EventRecorder recorder;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&recorder] {
            for (int n = 0; n < 500; ++n) {
                recorder.notify({.type = EventType::refused, .detail = "text"});
                (void)recorder.count(EventType::refused);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(recorder.count(EventType::refused) == 2'000);
}
