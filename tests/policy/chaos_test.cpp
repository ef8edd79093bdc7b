#include <backstay/policy/chaos.hpp>

#include "support/catch.hpp"

#include "support/policy_call.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// Chaos with a clock and a log, and attempts that it is asked about.
class Bench {
public:
    explicit Bench(const ChaosOptions& options) : policy(Chaos::for_tests(options)) {
        settings.key = {.origin = "https://api.example.com:443", .operation = "get order"};
        settings.observer = &log;
    }

    /// What befalls an attempt; nothing: an empty injection.
    Injection ask() {
        PolicyCall<Chaos> call(policy, now, settings, ++seeds_);
        REQUIRE(call.admit().answer == Admission::Answer::proceed);
        const Injection drawn = call.context.injection != nullptr ? *call.context.injection : Injection{};
        call.succeed();
        REQUIRE(call.context.injection == nullptr);
        return drawn;
    }

    TimePoint now = start_of_test;
    EventLog log;
    CallSettings settings;
    Chaos policy;

private:
    std::uint64_t seeds_ = 0;
};

std::string complaint(ChaosOptions options, bool acknowledged = true) {
    options.acknowledge_production_risk = acknowledged;
    try {
        const Chaos policy(options);
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("chaos refuses to be built unless the risk is acknowledged, or a test asks for it", "[chaos]") {
    CHECK(complaint({}, false) ==
          "ChaosOptions.acknowledge_production_risk is false, allowed is true, or Chaos::for_tests");
    CHECK(complaint({}).empty());
    CHECK_NOTHROW(Chaos::for_tests({}));
}

TEST_CASE("options of chaos out of range are named", "[chaos]") {
    CHECK(complaint({.failure_rate = 1.5}) == "ChaosOptions.failure_rate is 1.5, allowed is 0 to 1");
    CHECK(complaint({.status_rate = -0.5}) == "ChaosOptions.status_rate is -0.5, allowed is 0 to 1");
    CHECK(complaint({.failure_rate = 0.5, .status_rate = 0.75}) ==
          "ChaosOptions.status_rate is 0.75, allowed is 0 to 1 - failure_rate");
    CHECK(complaint({.latency_rate = 2}) == "ChaosOptions.latency_rate is 2, allowed is 0 to 1");
    CHECK(complaint({.failure = {}}) == "ChaosOptions.failure.kind is none, allowed is a failure");
    CHECK(complaint({.failure = {.kind = FailureKind::circuit_open, .reach = Reach::refused_here}}) ==
          "ChaosOptions.failure.reach is refused_here, allowed is never_sent, maybe_processed or answered");
    CHECK(complaint({.status = 200}) == "ChaosOptions.status is 200, allowed is 300 to 599");
    CHECK(complaint({.server_wait = -1s}) == "ChaosOptions.server_wait is -1 s, allowed is 0 s or longer");
    CHECK(complaint({.latency = -1s}) == "ChaosOptions.latency is -1 s, allowed is 0 s to 24 h");
    CHECK(complaint({.latency_spread = 25h}) ==
          "ChaosOptions.latency_spread is 25 h, allowed is 0 s to 24 h");
}

TEST_CASE("chaos describes itself", "[chaos]") {
    CHECK(Chaos::for_tests({}).describe().name == "chaos");
    CHECK(Chaos::for_tests({}).describe().settings == "nothing");
    CHECK(Chaos::for_tests({.failure_rate = 0.05,
                            .status_rate = 0.01,
                            .latency_rate = 0.1,
                            .latency = 200ms,
                            .latency_spread = 300ms,
                            .applies = [](const CallKey&) noexcept { return true; },
                            .dry_run = true})
              .describe()
              .settings == "5 % connection_lost, 1 % status 503, 10 % held up 200 ms .. 500 ms, some calls "
                           "only, dry run");
}

TEST_CASE("at a rate of one every attempt fails as chosen", "[chaos]") {
    Bench bench({.failure_rate = 1, .failure = lost(FailureKind::connect_failed, Reach::never_sent)});
    for (int i = 0; i < 100; ++i) {
        const Injection drawn = bench.ask();
        CHECK(drawn.failure == lost(FailureKind::connect_failed, Reach::never_sent));
        CHECK(drawn.latency == 0s);
    }
    CHECK(bench.policy.snapshot().failures == 100);
    CHECK(bench.policy.snapshot().statuses == 0);
}

TEST_CASE("a status is an answer, with the wait that it names", "[chaos]") {
    CHECK(Bench({.status_rate = 1}).ask().failure == reply(503));
    CHECK(Bench({.status_rate = 1, .status = 429, .server_wait = 3s}).ask().failure == reply(429, 3s));
    CHECK(Bench({.status_rate = 1, .status = 404}).ask().failure == reply(404));
}

TEST_CASE("lateness is drawn evenly between its bounds, and does not spare an attempt its failure",
          "[chaos]") {
    Bench bench({.failure_rate = 0.5, .latency_rate = 1, .latency = 100ms, .latency_spread = 100ms});
    std::vector<Duration> seen;
    int failures = 0;
    for (int i = 0; i < 10'000; ++i) {
        const Injection drawn = bench.ask();
        seen.push_back(drawn.latency);
        failures += drawn.ends() ? 1 : 0;
    }
    std::sort(seen.begin(), seen.end());
    CHECK(seen.front() >= 100ms);
    CHECK(seen.back() < 200ms);
    CHECK(seen[5'000] > 145ms);
    CHECK(seen[5'000] < 155ms);
    CHECK(failures > 4'800);
    CHECK(failures < 5'200);
    CHECK(bench.policy.snapshot().delays == 10'000);
}

TEST_CASE("each befalls its share of the attempts", "[chaos]") {
    Bench bench({.failure_rate = 0.2, .status_rate = 0.1, .latency_rate = 0.3, .latency = 1s});
    int untouched = 0;
    for (int i = 0; i < 10'000; ++i) {
        const Injection drawn = bench.ask();
        untouched += !drawn.ends() && drawn.latency == 0s ? 1 : 0;
    }
    const ChaosSnapshot seen = bench.policy.snapshot();
    CHECK(seen.failures == Approx(2'000).epsilon(0.1));
    CHECK(seen.statuses == Approx(1'000).epsilon(0.1));
    CHECK(seen.delays == Approx(3'000).epsilon(0.1));
    CHECK(untouched == Approx(10'000 * 0.7 * 0.7).epsilon(0.05));
    CHECK(bench.log.count(EventType::chaos_injected) == static_cast<std::size_t>(10'000 - untouched));
}

TEST_CASE("the same seed draws the same chaos, whatever the rates before it are", "[chaos]") {
    Bench one({.failure_rate = 0.3, .latency_rate = 0.5, .latency = 1s, .latency_spread = 1s});
    Bench two({.failure_rate = 0, .latency_rate = 0.5, .latency = 1s, .latency_spread = 1s});
    for (int i = 0; i < 100; ++i) {
        CHECK(one.ask().latency == two.ask().latency);
    }
}

TEST_CASE("chaos befalls only the calls that it applies to", "[chaos]") {
    Bench bench({.failure_rate = 1,
                 .applies = [](const CallKey& key) noexcept { return key.operation == "get order"; }});
    CHECK(bench.ask().ends());
    bench.settings.key.operation = "pay";
    CHECK_FALSE(bench.ask().ends());
    CHECK(bench.policy.snapshot().failures == 1);
}

TEST_CASE("chaos can be switched off and on again, in all its copies", "[chaos]") {
    Bench bench({.failure_rate = 1});
    Chaos copy = bench.policy;
    Chaos clone = bench.policy.clone();
    copy.enable(false);
    CHECK_FALSE(bench.ask().ends());
    CHECK_FALSE(bench.policy.snapshot().enabled);
    CHECK(clone.snapshot().enabled);
    copy.enable(true);
    CHECK(bench.ask().ends());
    CHECK(copy.snapshot().failures == 1);
    CHECK(clone.snapshot().failures == 0);
}

TEST_CASE("what is injected is told, with the attempt that it befalls", "[chaos]") {
    Bench bench({.status_rate = 1, .server_wait = 2s, .latency_rate = 1, .latency = 300ms});
    bench.ask();
    REQUIRE(bench.log.events.size() == 1);
    const Event& told = bench.log.events.front();
    CHECK(told.type == EventType::chaos_injected);
    CHECK(told.kind == FailureKind::service_unavailable);
    CHECK(told.status == 503);
    CHECK(told.delay == 300ms);
    CHECK(told.attempt == 1);
    CHECK(told.origin == "https://api.example.com:443");
    CHECK_FALSE(told.dry_run);
}

TEST_CASE("a dry run draws, counts and tells, and lets every attempt be", "[chaos]") {
    Bench bench({.failure_rate = 1, .dry_run = true});
    CHECK_FALSE(bench.ask().ends());
    CHECK(bench.policy.snapshot().failures == 1);
    REQUIRE(bench.log.events.size() == 1);
    CHECK(bench.log.events.front().dry_run);
}

TEST_CASE("of two kinds of chaos the inner one's injection goes before the outer's, which it leaves alone",
          "[chaos]") {
    TimePoint now = start_of_test;
    for (const double inner_rate : {0.0, 1.0}) {
        PolicyCall<Chaos> outer(Chaos::for_tests({.failure_rate = 1}), now);
        outer.admit();
        Chaos inner = Chaos::for_tests({.status_rate = inner_rate});
        {
            Chaos::Call mine;
            inner.admit(mine, outer.context);
            REQUIRE(outer.context.injection != nullptr);
            CHECK(outer.context.injection->failure == (inner_rate == 1 ? reply(503) : lost()));
            inner.settle(mine, outer.context, nullptr);
        }
        CHECK((outer.context.injection == nullptr) == (inner_rate == 1));
        outer.succeed();
        CHECK(outer.context.injection == nullptr);
    }
}
