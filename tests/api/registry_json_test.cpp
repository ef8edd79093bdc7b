#include <backstay/api/registry_json.hpp>

#include "support/api_world.hpp"
#include "support/catch.hpp"

#include <backstay/policy/circuit_breaker.hpp>

#include <boost/json/parse.hpp>

using namespace backstay;
using namespace backstay::test;

TEST_CASE("A registry of a client's policies is shown as JSON") {
    ApiWorld world;
    const ApiClient api = world.client({.pipeline = single()});
    Registry registry;
    registry.add("ledger", api.pipeline());
    world.transport->reply(500);
    CHECK_FALSE(world.get<void>(api));
    REQUIRE(registry.isolate("ledger/circuit_breaker", world.now() + 2500ms));

    const boost::json::value shown = to_json(registry.snapshot(world.now()));
    const auto& list = shown.as_array();
    CHECK(list[0].at("name") == "ledger");
    CHECK(list[0].at("kind") == "pipeline");
    CHECK(list[0].at("description").as_string() == api.describe());
    CHECK_FALSE(list[0].as_object().contains("states"));

    const auto& breaker = list[1];
    CHECK(breaker.at("name") == "ledger/circuit_breaker");
    const auto& circuit = breaker.at("states").at(0);
    CHECK(circuit.at("key") == "https://api.test:443");
    CHECK(circuit.at("state") == "isolated");
    CHECK(circuit.at("failures") == 1);
    CHECK(circuit.at("failure_ratio") == 1.0);
    CHECK(circuit.at("next_change_s") == 2.5);
}

TEST_CASE("A state of all calls has no key, and one that lasts for ever no end") {
    Registry registry;
    CHECK(to_json(registry.snapshot(TimePoint{})) == boost::json::parse("[]"));
    registry.add("breaker", CircuitBreaker{});
    CHECK(to_json(registry.snapshot(TimePoint{})) ==
          boost::json::parse(R"([{"name":"breaker","kind":"circuit_breaker","states":[]}])"));
    REQUIRE(registry.isolate("breaker"));
    const auto shown = to_json(registry.snapshot(TimePoint{}));
    const auto& circuit = shown.at(0).at("states").at(0).as_object();
    CHECK(circuit.at("key").is_null());
    CHECK(circuit.at("state") == "isolated");
    CHECK_FALSE(circuit.contains("next_change_s"));
}
