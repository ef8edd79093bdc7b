#include <backstay/api/presets.hpp>

#include "support/catch.hpp"

#include "support/api_world.hpp"

#include <backstay/testing/pipeline_shape.hpp>

#include <stdexcept>

using namespace backstay;
using namespace backstay::test;

namespace {

template <class Make>
std::string fault(Make make) {
    try {
        (void)make();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "none";
}

} // namespace

TEST_CASE("Presets are made of these stages, outermost first") {
    CHECK(shape_difference(standard().stages(), {"total_timeout", "retry", "credentials", "cool_down",
                                                 "circuit_breaker", "concurrency_limit", "attempt_timeout"})
              .empty());
    CHECK(shape_difference(single().stages(), {"total_timeout", "credentials", "cool_down", "circuit_breaker",
                                               "concurrency_limit", "attempt_timeout"})
              .empty());
    CHECK(shape_difference(patient().stages(), {"total_timeout", "retry", "credentials", "cool_down",
                                                "circuit_breaker", "concurrency_limit", "attempt_timeout"})
              .empty());
    CHECK(shape_difference(standard_hedged().stages(),
                           {"total_timeout", "retry", "credentials", "hedge", "cool_down", "circuit_breaker",
                            "concurrency_limit", "attempt_timeout"})
              .empty());
    CHECK_THAT(patient().describe(), ContainsSubstring("15 min"));
}

TEST_CASE("What a preset adds up to fits into its total, and nothing is warned of") {
    for (const auto& preset : {standard(), single(), patient(), standard_hedged()}) {
        INFO(preset.describe());
        CHECK(preset.describe().find("warning") == std::string::npos);
        CHECK(bounds(preset.stages()).longest_time);
    }
    CHECK(bounds(standard().stages()).most_attempts == 3);
    CHECK(bounds(standard_hedged().stages()).most_attempts == 6);
    CHECK(*bounds(standard_hedged().stages()).longest_time <= 30s);
}

TEST_CASE("A hedge whose fixed delay is no shorter than an attempt is not made") {
    CHECK(
        fault([] { return standard_hedged({.hedge = {.delay = 8s}}); }) ==
        "hedge.delay is 8 s: it must be shorter than attempt_timeout, 8 s, or nothing is ever sent on time");
    CHECK(fault([] { return standard_hedged({.hedge = {.delay = 7s}}); }) == "none");
}

TEST_CASE("The hedged preset sends a second attempt when the first is late, and takes its reply") {
    ApiWorld world;
    auto api = world.client({.pipeline = standard_hedged({.hedge = {.delay = 1s}})});
    world.transport->hang().reply(204);
    const auto began = world.now();
    REQUIRE(world.get<void>(api));
    CHECK(world.now() - began == 1s);
    CHECK(world.transport->seen().size() == 2);
}

TEST_CASE("A 429 holds back the other calls of the same client, in every preset") {
    for (const auto& preset : {standard(), single(), standard_hedged()}) {
        ApiWorld world;
        auto api = world.client({.pipeline = preset});
        world.transport->reply(429, "", fields({{"Retry-After", "10"}})).reply(204).reply(204);
        const auto began = world.now();
        (void)world.context.get_executor();
        const auto first = world.start(api.get<void>("/a"));
        world.run_for(1s);
        const auto second = world.start(api.get<void>("/b"));
        world.run();
        REQUIRE(second->outcome);
        CHECK(second->outcome->has_value());
        CHECK(world.transport->seen().at(1).at - began >= 10s);
        CHECK(first->ended());
    }
}

TEST_CASE("A preset that cannot work is not made") {
    CHECK(fault([] { return standard({.total_timeout = 5s}); }) ==
          "attempt_timeout is 8 s: it must be at most total_timeout, 5 s");
    CHECK_THAT(
        fault([] { return single({.attempt_timeout = 16s}); }),
        ContainsSubstring("breaker.window_length is 30 s: it must be at least twice attempt_timeout, 16 s"));
    CHECK_THAT(fault([] { return patient({.breaker = CircuitBreaker{{.window_length = 10s}}}); }),
               ContainsSubstring("breaker.window_length is 10 s"));
    CHECK(fault([] { return standard({.attempt_timeout = 15s}); }) == "none");
    CHECK(fault([] {
              return standard(
                  {.breaker = CircuitBreaker{{.window = CircuitWindow::count, .window_length = 1s}}});
          }) == "none");
    CHECK(fault([] { return standard({.retry = {.max_attempts = -1}}); }) != "none");
}

TEST_CASE("A breaker given to two clients is one breaker") {
    ApiWorld world;
    const auto breaker = CircuitBreaker{{.consecutive_failures = 1}};
    auto first = world.client({.pipeline = single({.breaker = breaker})});
    auto second = world.client({.pipeline = standard({.breaker = breaker})});
    auto third = world.client({.pipeline = standard()});
    world.transport->reply(500).reply(204);
    CHECK_FALSE(world.get<void>(first));
    CHECK(world.get<void>(second).error().kind() == FailureKind::circuit_open);
    CHECK(world.get<void>(third));
}

TEST_CASE("The patient preset obeys the guide's waits, the standard one hands them to the caller") {
    for (const int status : {429, 503}) {
        ApiWorld world;
        auto api = world.client({.pipeline = patient()});
        world.transport->reply(status, read_data("guide/" + std::to_string(status) + ".json")).reply(204);
        const auto began = world.now();
        REQUIRE(world.get<void>(api));
        CHECK(world.now() - began >= (status == 429 ? 45s : 300s));
        CHECK(world.now() - began <= (status == 429 ? 46s : 301s));

        world.transport->reply(status, read_data("guide/" + std::to_string(status) + ".json"));
        const auto error = world.get<void>(api.with(standard())).error();
        CHECK(error.stop_reason() == StopReason::deadline);
    }
}

TEST_CASE("What is left open of the patient preset's retry stays patient") {
    for (const auto& preset :
         {patient({.retry = {.max_attempts = 4}}), patient({.retry = {.hint_jitter_ratio = 0}})}) {
        ApiWorld world;
        auto api = world.client({.pipeline = preset});
        world.transport->reply(503, R"({"retry_after":540})").reply(204);
        CHECK(world.get<void>(api)); // 9 min, which RetryOptions alone would not obey
    }
    CHECK(bounds(patient().stages()).most_attempts == 6);
    CHECK(bounds(patient({.retry = {.hint_jitter_ratio = 0}}).stages()).most_attempts == 6);
    CHECK(bounds(patient({.retry = {.max_attempts = 4}}).stages()).most_attempts == 4);
}

TEST_CASE("A classifier given to a preset is that of every policy that the preset makes") {
    Classifier classifier; // a 404 is a sick service, and worth another try
    classifier.set(FailureKind::not_found,
                   {.repeat = Repeat::if_safe, .vote = Vote::failure, .feeds_cool_down = true});
    ApiWorld world;
    const auto fails = [&](const ResponsePipeline& preset, FailureKind last) {
        auto api = world.client({.pipeline = preset});
        for (int i = 0; i < 5; ++i) { // opens the circuit
            world.transport->reply(404);
            CHECK(world.get<void>(api, "/r", CallOptions{}.without(Stage::retry)).error().status() == 404);
        }
        CHECK(world.get<void>(api, "/r", CallOptions{}.without(Stage::retry)).error().kind() == last);
    };
    fails(single({.classifier = classifier}), FailureKind::circuit_open);
    world.transport->reply(404);
    fails(single({.breaker = CircuitBreaker{}, .classifier = classifier}), FailureKind::not_found);
    for (const auto& preset : {standard({.classifier = classifier}), patient({.classifier = classifier}),
                               standard_hedged({.standard = {.classifier = classifier}})}) {
        auto api = world.client({.pipeline = preset});
        world.transport->reply(404).reply(404).reply(204);
        const auto reply = world.get<Reply<void>>(api);
        REQUIRE(reply);
        CHECK(reply->attempt_count == 3);
    }
}

TEST_CASE("A call without retries makes one attempt") {
    ApiWorld world;
    auto api = world.client({.pipeline = single()});
    world.transport->reply(503).reply(204);
    CHECK(world.get<void>(api).error().attempt_count() == 1);
}
