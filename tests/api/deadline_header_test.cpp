#include <backstay/api/deadline_header.hpp>

#include "support/api_world.hpp"
#include "support/catch.hpp"

#include <backstay/http/single_flight_transport.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <limits>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

const std::string field = "X-Deadline-Ms";

struct DeadlineWorld : ApiWorld {
    ApiClient api(ResponsePipeline pipeline) {
        return client({.pipeline = std::move(pipeline), .deadline_header = field});
    }
    std::string told(std::size_t index) {
        const std::string* value = sent(index).fields.find(field);
        return value != nullptr ? *value : "nothing";
    }
};

} // namespace

TEST_CASE("An incoming deadline is read as milliseconds from now") {
    const TimePoint now{5s};
    CHECK(deadline_from_header("1500", now) == now + 1500ms);
    CHECK(deadline_from_header("0", now) == now);
    CHECK(deadline_from_header("9999999999", now) == now + 9'999'999'999ms);
    const TimePoint late{Duration{std::numeric_limits<Duration::rep>::max() - 1}};
    CHECK(deadline_from_header("9999999999", late) == end_of_time);
    for (const auto* wrong : {"", " 1", "1 ", "-1", "+1", "1.5", "0x10", "soon", "1s", "99999999999"}) {
        INFO(wrong);
        CHECK_FALSE(deadline_from_header(wrong, now));
    }
}

TEST_CASE("Each attempt tells how long it is waited for, which shrinks") {
    DeadlineWorld world;
    const auto api = world.api(Pipeline{TotalTimeout{10s},
                                        Retry{RetryOptions{.backoff = {.base = 1s, .jitter = Jitter::none}}},
                                        AttemptTimeout{4s}});
    world.transport->reply(500, "", {}, 3500ms).reply(500, "", {}, 3s).reply(204);
    CHECK(world.get<void>(api));
    CHECK(world.told(0) == "4000"); // the attempt's own limit is the nearer one
    CHECK(world.told(1) == "4000"); // at 4.5 s of 10 s
    CHECK(world.told(2) == "500");  // at 9.5 s
}

TEST_CASE("An incoming deadline is handed on as what is left of it, rounded down") {
    DeadlineWorld world;
    const auto api = world.api(single());
    world.transport->reply(204);
    const auto incoming = deadline_from_header("1500", world.now());
    world.run_for(300500us);
    CHECK(world.get<void>(api, "/r", CallOptions{}.deadline(*incoming)));
    CHECK(world.told(0) == "1199");
}

TEST_CASE("No deadline is told where there is none, or nobody asked for it") {
    DeadlineWorld world;
    world.transport->reply(204).reply(204);
    CHECK(world.get<void>(world.api(Pipeline{Retry{}})));
    CHECK(world.get<void>(world.client({.pipeline = single()})));
    CHECK(world.told(0) == "nothing");
    CHECK(world.told(1) == "nothing");
}

TEST_CASE("The deadline's field replaces one of that name, and its name must be one") {
    DeadlineWorld world;
    world.transport->reply(204);
    CHECK(world.get<void>(world.api(Pipeline{TotalTimeout{10s}}), "/r", CallOptions{}.header(field, "77")));
    CHECK(world.told(0) == "10000");
    CHECK_THROWS_WITH(world.client({.deadline_header = "X Deadline"}),
                      ContainsSubstring("ApiClientOptions.deadline_header"));
}

TEST_CASE("Callers that wait for different times share an exchange, which tells none of them") {
    DeadlineWorld world;
    const auto shared = std::make_shared<SingleFlightTransport>(world.transport, world.runtime);
    const ApiClient api{world.context.get_executor(),
                        {.base_url = "https://api.test/v1",
                         .pipeline = single(),
                         .transport = shared,
                         .runtime = &world.runtime,
                         .deadline_header = field}};
    world.transport->reply(204, "", {}, 100ms);
    Started<ApiResult<void>> first;
    Started<ApiResult<void>> second;
    start(world, first, api.get<void>("/r"));
    start(world, second, api.get<void>("/r", CallOptions{}.timeout(3s)));
    world.World::run();
    CHECK(first.outcome.value());
    CHECK(second.outcome.value());
    REQUIRE(world.transport->seen().size() == 1);
    CHECK(world.told(0) == "nothing");
}

TEST_CASE("The deadline's field is none that a request means something else by") {
    DeadlineWorld world;
    for (const auto* name :
         {"Host", "content-length", "Transfer-Encoding", "Connection", "Idempotency-Key", "TraceParent",
          "tracestate", "Authorization", "Cookie", "Accept", "Content-Type"}) {
        INFO(name);
        CHECK_THROWS_WITH(world.client({.pipeline = single(), .deadline_header = name}),
                          ContainsSubstring("ApiClientOptions.deadline_header"));
    }
}
