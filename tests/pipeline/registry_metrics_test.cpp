#include <backstay/pipeline/registry_metrics.hpp>

#include "support/catch.hpp"

#include <backstay/pipeline/virtual_runtime.hpp>
#include <backstay/policy/adaptive_concurrency.hpp>
#include <backstay/policy/chaos.hpp>
#include <backstay/policy/concurrency_limit.hpp>
#include <backstay/policy/cool_down.hpp>
#include <backstay/policy/rate_limiter.hpp>
#include <backstay/policy/retry_budget.hpp>

#include <map>
#include <string>

namespace {

using namespace backstay;
using namespace std::chrono_literals;

/// Keeps what a source gives, as `metric{label=value}`.
struct Sink final : MetricSink {
    std::map<std::string, double> seen;
    void gauge(const MetricInfo& what, MetricLabels labels, double value) override {
        std::string name(what.name);
        for (const MetricLabel& label : labels) {
            name.append("{").append(label.name).append("=").append(label.value).append("}");
        }
        CHECK(seen.emplace(name, value).second);
    }
    void counter(const MetricInfo&, MetricLabels, double) override { FAIL("nothing here only grows"); }
};

std::map<std::string, double> read(const Registry& registry, Runtime& runtime) {
    Sink sink;
    RegistryMetrics(registry, runtime).read(sink);
    return sink.seen;
}

using Values = std::map<std::string, double>;

TEST_CASE("what a registry holds shows as metrics, by the names of its entries", "[registry_metrics]") {
    VirtualRuntime runtime;
    Registry registry;
    registry.add("budget", RetryBudget{});
    registry.add("slots", ConcurrencyLimit{});
    registry.add("learned", AdaptiveConcurrency{});
    registry.add("chaos", Chaos::for_tests({})); // has nothing that a metric is named for
    Values seen = read(registry, runtime);
    CHECK(seen.erase("backstay.limit.in_flight{name=slots}") == 1);
    CHECK(seen.erase("backstay.limit.queued{name=slots}") == 1);
    CHECK(seen.erase("backstay.limit.in_flight{name=learned}") == 1);
    CHECK(seen.erase("backstay.limit.queued{name=learned}") == 1);
    for (const auto& [name, value] : seen) { // a budget shows an account once it has one
        CHECK(name.starts_with("backstay.budget.tokens{name=budget}"));
    }
}

TEST_CASE("a breaker's state is a number, also of one that is isolated before its first call",
          "[registry_metrics]") {
    VirtualRuntime runtime;
    Registry registry;
    registry.add("one", CircuitBreaker{{.unkeyed = true}});
    registry.add("keyed", CircuitBreaker{});
    CHECK(read(registry, runtime) == Values{{"backstay.breaker.state{name=one}", 0}});
    REQUIRE(registry.isolate("keyed"));
    CHECK(read(registry, runtime) ==
          Values{{"backstay.breaker.state{name=one}", 0}, {"backstay.breaker.state{name=keyed}", 3}});
}

TEST_CASE("a cool-down shows what remains, for each key and as of now", "[registry_metrics]") {
    VirtualRuntime runtime;
    Registry registry;
    CoolDown gate;
    registry.add("gate", gate);
    CallContext context{.now = runtime.now(), .key = {.origin = "https://api.test:443"}};
    CoolDown::Call call;
    REQUIRE(gate.admit(call, context).answer == Admission::Answer::proceed);
    const Failure limited =
        Failure{.kind = FailureKind::rate_limited, .reach = Reach::answered, .status = 429}.set_hint(30s);
    (void)gate.settle(call, context, &limited);
    const std::string name = "backstay.cool_down.remaining{name=gate}{key=https://api.test:443}";
    CHECK(read(registry, runtime) == Values{{name, 30}});
}

} // namespace
