#include <backstay/pipeline/any_pipeline.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"
#include "support/probe_policy.hpp"

#include <backstay/pipeline/named.hpp>

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;

class Counting final : public Operation<R> {
public:
    asio::awaitable<R> attempt(CallContext& call) override {
        ++attempts;
        deadline = call.deadline.at;
        co_return attempts;
    }
    int attempts = 0;
    TimePoint deadline{};
};

TEST_CASE("an erased pipeline runs the same stages with the same settings", "[any_pipeline]") {
    World world;
    std::vector<std::string> journal;
    const AnyPipeline<R> pipeline = Pipeline{ProbePolicy{"a", &journal}};
    Counting operation;
    CallSettings settings;
    settings.deadline.at = world.now() + 5s;
    CHECK(run(world, pipeline.run(world.runtime, settings, operation)) == 1);
    CHECK(journal == std::vector<std::string>{"a.admit", "a.settle:ok"});
    CHECK(operation.deadline == settings.deadline.at);
    CHECK(pipeline.describe().find("1. a") == 0);
}

TEST_CASE("an erased pipeline knows which policies stand in it", "[any_pipeline]") {
    const AnyPipeline<R> pipeline = Pipeline{ProbePolicy{"a"}};
    CHECK(pipeline.has(Stage::custom));
    CHECK_FALSE(pipeline.has(Stage::credentials));
    CHECK_FALSE(AnyPipeline<R>{Pipeline<>{}}.has(Stage::custom));
}

TEST_CASE("a named policy behaves as the one inside it and says its name", "[named]") {
    World world;
    std::vector<std::string> journal;
    const ProbePolicy inside{"limit", &journal};
    const Pipeline pipeline{Named<"per tenant", ProbePolicy>{inside}, ProbePolicy{"other"}};
    Counting operation;
    CHECK(run(world, AnyPipeline<R>{pipeline}.run(world.runtime, {}, operation)) == 1);
    CHECK(journal == std::vector<std::string>{"limit.admit", "limit.settle:ok"});
    CHECK(describe(pipeline).find("limit \"per tenant\"") != std::string::npos);
}

} // namespace
