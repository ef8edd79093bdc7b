#include <backstay/policy/adaptive_throttle.hpp>

#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "support/policy_call.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

TEST_CASE("threads lose no accept and no loss, whatever is refused between", "[adaptive_throttle][threads]") {
    for (const int broken : {0, 1, 3}) { // of four calls so many fail
        const AdaptiveThrottle policy({.window = 24h, .key = nullptr});
        std::atomic<std::uint64_t> accepted{0};
        std::atomic<std::uint64_t> failed{0};
        std::atomic<std::uint64_t> refused{0};
        in_four_threads([&](int number) {
            TimePoint now = start_of_test;
            const Failure overload = reply(503);
            for (int i = 0; i < rounds / 4; ++i) {
                now += 1us;
                PolicyCall call(policy, now, CallSettings{}, static_cast<std::uint64_t>(i * 4 + number));
                if (call.admit().answer != Admission::Answer::proceed) {
                    refused.fetch_add(1);
                } else if ((i + number) % 4 < broken) {
                    call.fail(overload);
                    failed.fetch_add(1);
                } else {
                    call.succeed();
                    accepted.fetch_add(1);
                }
            }
        });
        const AdaptiveThrottleSnapshot end = policy.snapshot(start_of_test + 1s);
        CHECK(end.accepts == accepted.load());
        CHECK(end.requests == accepted.load() + failed.load() + refused.load());
        CHECK(end.refused == refused.load());
        CHECK((refused.load() > 0) == (broken > 2));
    }
}

TEST_CASE("threads of many origins share a small table of throttles while buckets turn",
          "[adaptive_throttle][threads]") {
    static constexpr std::array<std::string_view, 5> origins{"a", "b", "c", "d", "e"};
    const AdaptiveThrottle policy({.window = 120ms, .max_keys = 3});
    in_four_threads([&](int number) {
        Random random(static_cast<std::uint64_t>(number));
        TimePoint now = start_of_test;
        const Failure overload = reply(503);
        for (int i = 0; i < rounds / 4; ++i) {
            now += Duration(static_cast<Duration::rep>(random.next() % 400'000));
            CallSettings settings;
            settings.key.origin = origins[random.next() % origins.size()];
            settings.priority = static_cast<Priority>(random.next() % 3);
            PolicyCall call(policy, now, settings, random.next());
            if (call.admit().answer == Admission::Answer::proceed && random.next() % 8 != 0) {
                random.next() % 4 != 0 ? call.fail(overload) : call.succeed();
            }
            if (random.next() % 64 == 0) {
                for (const KeyedThrottleSnapshot& shown : policy.snapshots(now)) {
                    if (shown.throttle.accepts > shown.throttle.requests) {
                        std::abort();
                    }
                }
            }
        }
    });
    for (const KeyedThrottleSnapshot& shown : policy.snapshots(start_of_test + 24h)) {
        CHECK(shown.throttle.requests == 0);
    }
}
