#include <backstay/pipeline/registry.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"

#include <backstay/pipeline/named.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/cool_down.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<int, Failure>;
using Names = std::vector<std::string>;

constexpr Failure broken{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};

asio::awaitable<R> fails(CallContext&) {
    co_return fail(broken);
}

struct Scene {
    World world;
    CircuitBreaker breaker{{.unkeyed = true}};
    Retry retry{{.backoff = {.base = 0s}}};
    Pipeline<TotalTimeout, Retry, CoolDown, CircuitBreaker> pipeline{TotalTimeout{}, retry, CoolDown{},
                                                                     breaker};
    Registry registry;

    Scene() { registry.add("ledger", pipeline); }
    R call() { return run(world, pipeline.run(world.runtime, CallSettings(), fails)); }
};

TEST_CASE("a pipeline brings its policies along, by the names of their stages or their own", "[registry]") {
    Scene scene;
    CHECK(scene.registry.names() == Names{"ledger", "ledger/circuit_breaker", "ledger/cool_down",
                                          "ledger/retry", "ledger/retry_budget"});
    const Named<"per host", ConcurrencyLimit> limit{ConcurrencyLimit{}};
    Registry other;
    other.add("erased", AnyPipeline<R>{Pipeline{limit, AttemptTimeout{}}});
    CHECK(other.names() == Names{"erased", "erased/per host"});
}

TEST_CASE("the snapshot shows all entries, a pipeline by its description", "[registry]") {
    Scene scene;
    CHECK_FALSE(scene.call());
    const auto items = scene.registry.snapshot(scene.world.now());
    REQUIRE(items.size() == 5);
    CHECK(items[0].kind == "pipeline");
    CHECK(items[0].description == describe(scene.pipeline));
    CHECK(items[1].name == "ledger/circuit_breaker");
    CHECK(items[1].kind == "circuit_breaker");
    CHECK(std::get<std::int64_t>(*items[1].states.at(0).find("failures")) == 3);
    CHECK(items[4].kind == "retry_budget");
}

TEST_CASE("a policy is found by name and type, and shares its state", "[registry]") {
    Scene scene;
    CHECK(scene.registry.find<CircuitBreaker>("ledger/circuit_breaker"));
    CHECK_FALSE(scene.registry.find<CircuitBreaker>("ledger/retry"));
    CHECK_FALSE(scene.registry.find<CircuitBreaker>("ledger"));
    CHECK_FALSE(scene.registry.find<CircuitBreaker>("nobody"));
    CHECK_FALSE(scene.call());
    CHECK(
        scene.registry.find<CircuitBreaker>("ledger/circuit_breaker")->snapshot(scene.world.now()).failures ==
        3);

    scene.registry.add("limit", ConcurrencyLimit({.limit = 7}));
    CHECK(scene.registry.find<ConcurrencyLimit>("limit")->snapshot().limit == 7);
}

TEST_CASE("a breaker is isolated and closed by hand", "[registry]") {
    Scene scene;
    CHECK(scene.registry.isolate("ledger/circuit_breaker"));
    CHECK(scene.call().error().kind == FailureKind::circuit_open);
    CHECK(scene.registry.close("ledger/circuit_breaker"));
    CHECK(scene.call().error().kind == FailureKind::server_error);

    CHECK(scene.registry.isolate("ledger/circuit_breaker", scene.world.now() + 10s));
    CHECK(scene.registry.isolate("ledger/circuit_breaker", scene.world.now() + 5s)); // replaces the first
    scene.world.run_for(5s);
    CHECK(scene.call().error().kind == FailureKind::server_error);
    CHECK_FALSE(scene.registry.isolate("ledger/retry"));
    CHECK_FALSE(scene.registry.close("nobody"));
}

TEST_CASE("a cool-down is cleared by hand", "[registry]") {
    World world;
    const CoolDown cool_down;
    const Pipeline pipeline{cool_down};
    Registry registry;
    registry.add("gate", cool_down);
    const auto limited = [](CallContext&) -> asio::awaitable<R> {
        const Failure busy =
            Failure{.kind = FailureKind::rate_limited, .reach = Reach::answered, .status = 429}.set_hint(30s);
        co_return fail(busy);
    };
    (void)run(world, pipeline.run(world.runtime, CallSettings(), limited));
    CHECK(cool_down.snapshot(world.now()).state == CoolDownState::closed);
    CHECK(registry.clear("gate"));
    CHECK(cool_down.snapshot(world.now()).state == CoolDownState::open);
    CHECK_FALSE(registry.clear("nobody"));
}

TEST_CASE("retries are switched off and on by hand", "[registry]") {
    Scene scene;
    CHECK(scene.registry.switch_off_retries("ledger/retry"));
    CHECK(scene.call().error().stop_reason == StopReason::switched_off);
    CHECK(scene.registry.switch_on_retries("ledger/retry"));
    CHECK(scene.call().error().stop_reason == StopReason::attempts_exhausted);
    CHECK_FALSE(scene.registry.switch_off_retries("ledger/circuit_breaker"));
}

TEST_CASE("a name that is empty or taken is refused, and nothing is added", "[registry]") {
    Scene scene;
    CHECK_THROWS_WITH(scene.registry.add("", ConcurrencyLimit{}), ContainsSubstring("is empty"));
    CHECK_THROWS_WITH(
        scene.registry.add("ledger", ConcurrencyLimit{}),
        "Registry: the name 'ledger' is taken: remove that entry first, or choose another name");
    CHECK_THROWS(scene.registry.add("ledger", scene.pipeline));
    CHECK_THROWS(scene.registry.add("", scene.pipeline));

    scene.registry.add("other/retry", Retry{});
    CHECK_THROWS(scene.registry.add("other", scene.pipeline));
    CHECK_FALSE(scene.registry.find<CircuitBreaker>("other/circuit_breaker"));
    const Names names = scene.registry.names();
    CHECK(std::count(names.begin(), names.end(), "other") == 0);
}

TEST_CASE("two policies of one pipeline with the same name are refused, and none is lost silently",
          "[registry]") {
    Registry registry;
    const ConcurrencyLimit limit;
    const Named<"host", ConcurrencyLimit> host(limit);
    const Named<"host", CoolDown> gate(CoolDown{});
    CHECK_THROWS_WITH(registry.add("ledger", Pipeline{gate, host}),
                      "Registry: the name 'ledger/host' comes twice in that pipeline: give one of the two "
                      "policies another with Named");
    CHECK(registry.names().empty());
}

TEST_CASE("the budget of a retry with a name of its own is found too", "[registry]") {
    Registry registry;
    registry.add("ledger", Pipeline{Named<"patient", Retry>(Retry{})});
    CHECK(registry.names() == Names{"ledger", "ledger/patient", "ledger/patient/retry_budget"});
}

TEST_CASE("an entry is removed, a pipeline with its policies and what was done to them", "[registry]") {
    Scene scene;
    scene.registry.add("ledger-2", ConcurrencyLimit{});
    CHECK(scene.registry.isolate("ledger/circuit_breaker"));
    CHECK(scene.registry.remove("ledger"));
    CHECK(scene.registry.names() == Names{"ledger-2"});
    CHECK(scene.call().error().kind == FailureKind::server_error); // the isolation ended with the entry
    CHECK_FALSE(scene.registry.remove("ledger"));
    scene.registry.add("ledger", scene.pipeline);
}

TEST_CASE("threads may add, look and act at once", "[registry][threads]") {
    Scene scene;
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&, number] {
            const std::string own = "limit " + std::to_string(number);
            for (int i = 0; i < 200; ++i) {
                scene.registry.add(own, ConcurrencyLimit{});
                (void)scene.registry.snapshot(TimePoint{});
                (void)scene.registry.isolate("ledger/circuit_breaker");
                (void)scene.registry.close("ledger/circuit_breaker");
                (void)scene.registry.remove(own);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(scene.registry.names().size() == 5);
}

} // namespace
