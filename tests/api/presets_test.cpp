#include <backstay/api/presets.hpp>

#include "support/catch.hpp"

#include "support/api_world.hpp"

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

TEST_CASE("Presets describe themselves, outermost stage first") {
    const auto text = standard().describe();
    INFO(text);
    const auto place = [&text](const char* stage) { return text.find(stage); };
    CHECK(place("total_timeout") < place("retry"));
    CHECK(place("retry") < place("circuit_breaker"));
    CHECK(place("circuit_breaker") < place("concurrency_limit"));
    CHECK(place("concurrency_limit") < place("attempt_timeout"));
    CHECK(place("attempt_timeout") != std::string::npos);
    CHECK_THAT(single().describe(), !ContainsSubstring("retry"));
    CHECK_THAT(patient().describe(), ContainsSubstring("15 min"));
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

TEST_CASE("A call without retries makes one attempt") {
    ApiWorld world;
    auto api = world.client({.pipeline = single()});
    world.transport->reply(503).reply(204);
    CHECK(world.get<void>(api).error().attempt_count() == 1);
}
