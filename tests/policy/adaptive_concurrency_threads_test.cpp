#include <backstay/policy/adaptive_concurrency.hpp>

#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "support/policy_call.hpp"

#include <atomic>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

AdaptiveConcurrencyOptions quick(LimitAlgorithm algorithm) {
    AdaptiveConcurrencyOptions options;
    options.algorithm = algorithm;
    options.limit = {.initial = 2, .min = 1, .max = 3};
    options.gradient2 = {.window = 1us, .window_samples = 2};
    options.max_queued = 8;
    return options;
}

} // namespace

TEST_CASE("threads never exceed the highest limit while it is learned, and no slot and no waiter is lost",
          "[adaptive_concurrency][threads]") {
    for (const LimitAlgorithm algorithm : {LimitAlgorithm::gradient2, LimitAlgorithm::aimd}) {
        const AdaptiveConcurrency policy(quick(algorithm));
        std::atomic<int> inside{0};
        std::atomic<int> most{0};
        std::atomic<int> done{0};
        std::atomic<int> left{0};
        std::atomic<Duration::rep> clock{0};
        in_four_threads([&](int number) {
            const auto target = std::make_shared<BlockingTarget>();
            Random random(static_cast<std::uint64_t>(number));
            TimePoint now = start_of_test;
            for (int i = 0; i < rounds / 2; ++i) {
                now = start_of_test + Duration(clock.fetch_add(100));
                PolicyCall call(policy, now);
                const auto drawn = random.next() % 16;
                if (drawn == 0) { // cancelled before it ran, in whatever state it is
                    if (call.admit().answer == Admission::Answer::wait) {
                        (void)call.policy().enqueue(call.mine(), Waker(target));
                    }
                    left.fetch_add(1);
                    continue;
                }
                if (admit_waiting(call, target).answer != Admission::Answer::proceed) {
                    continue;
                }
                const int together = inside.fetch_add(1) + 1;
                for (int seen = most.load();
                     seen < together && !most.compare_exchange_weak(seen, together);) {
                }
                call.begin_attempt();
                now += Duration(static_cast<Duration::rep>(random.next() % 10'000));
                inside.fetch_sub(1);
                done.fetch_add(1);
                if (drawn < 4) {
                    call.settle(reply(503));
                } else if (drawn < 15) {
                    call.settle(nullptr);
                } // else its end gives the slot back
                if (drawn == 5) {
                    (void)policy.snapshot();
                }
            }
        });
        CHECK(done.load() + left.load() == rounds / 2 * 4); // the queue has room for all
        CHECK(most.load() <= 3);
        const AdaptiveConcurrencySnapshot end = policy.snapshot();
        CHECK(end.in_flight == 0);
        CHECK(end.queued == 0);
        CHECK(end.limit >= 1);
        CHECK(end.limit <= 3);
    }
}
