#include <backstay/policy/chaos.hpp>

#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "support/policy_call.hpp"

#include <atomic>
#include <cstdint>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

TEST_CASE("threads share the counts and the switch of chaos", "[chaos][threads]") {
    Chaos policy =
        Chaos::for_tests({.failure_rate = 0.3, .status_rate = 0.2, .latency_rate = 0.5, .latency = 1s});
    std::atomic<std::uint64_t> ended{0};
    std::atomic<std::uint64_t> late{0};
    in_four_threads([&](int number) {
        Chaos mine = policy;
        TimePoint now = start_of_test;
        PolicyCall<Chaos> call(mine, now, CallSettings{}, static_cast<std::uint64_t>(number));
        for (int i = 0; i < rounds; ++i) {
            call.admit();
            if (const Injection* const injection = call.context.injection) {
                ended.fetch_add(injection->ends() ? 1 : 0);
                late.fetch_add(injection->latency > 0s ? 1 : 0);
            }
            call.succeed();
            if (i % 64 == 0) {
                mine.enable(i % 128 == 0);
                (void)mine.snapshot();
            }
        }
    });
    const ChaosSnapshot seen = policy.snapshot();
    CHECK(seen.failures + seen.statuses == ended.load());
    CHECK(seen.delays == late.load());
    CHECK(ended.load() > 0);
}
