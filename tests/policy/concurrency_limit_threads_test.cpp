#include <backstay/policy/concurrency_limit.hpp>

#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "support/policy_call.hpp"

#include <atomic>

using namespace backstay;
using namespace backstay::test;

TEST_CASE("threads never exceed the limit, and no slot and no waiter is lost",
          "[concurrency_limit][threads]") {
    for (const QueueOrder order : {QueueOrder::fifo, QueueOrder::lifo}) {
        const ConcurrencyLimit limit({.limit = 2, .max_queued = 8, .order = order});
        const int calls = order == QueueOrder::fifo ? rounds : 3'000;
        std::atomic<int> inside{0};
        std::atomic<int> most{0};
        std::atomic<int> done{0};
        in_four_threads([&](int number) {
            const auto target = std::make_shared<BlockingTarget>();
            TimePoint now = start_of_test;
            for (int i = 0; i < calls; ++i) {
                PolicyCall call(limit, now);
                if ((i + number) % 7 == 0) { // cancelled before it ran, in whatever state it is
                    if (call.admit().answer == Admission::Answer::wait) {
                        (void)call.policy().enqueue(call.mine(), Waker(target));
                    }
                    continue;
                }
                if (admit_waiting(call, target).answer != Admission::Answer::proceed) {
                    continue;
                }
                const int together = inside.fetch_add(1) + 1;
                for (int seen = most.load();
                     seen < together && !most.compare_exchange_weak(seen, together);) {
                }
                if (i % 16 == 0) {
                    std::this_thread::yield();
                }
                inside.fetch_sub(1);
                done.fetch_add(1);
                if (i % 3 != 0) {
                    call.succeed();
                } // else its end gives the slot back
            }
        });
        int expected = 0;
        for (int number = 0; number < 4; ++number) {
            for (int i = 0; i < calls; ++i) {
                expected += (i + number) % 7 != 0 ? 1 : 0;
            }
        }
        CHECK(done.load() == expected); // the queue has room for all
        CHECK(most.load() <= 2);
        CHECK(limit.snapshot().in_flight == 0);
        CHECK(limit.snapshot().queued == 0);
    }
}

TEST_CASE("threads of all priorities displace each other while the limit changes",
          "[concurrency_limit][threads]") {
    ConcurrencyLimit limit({.limit = 1, .max_queued = 1});
    std::atomic<int> done{0};
    std::atomic<int> refused{0};
    in_four_threads([&](int number) {
        const auto target = std::make_shared<BlockingTarget>();
        TimePoint now = start_of_test;
        for (int i = 0; i < 3'000; ++i) {
            if (number == 3 && i % 8 == 0) {
                limit.set_limit(1 + i % 3);
            }
            CallSettings settings;
            settings.priority = static_cast<Priority>((i + number) % 3);
            PolicyCall call(limit, now, settings);
            if (admit_waiting(call, target).answer == Admission::Answer::proceed) {
                std::this_thread::yield();
                call.succeed();
                done.fetch_add(1);
            } else {
                refused.fetch_add(1);
            }
        }
    });
    CHECK(done.load() + refused.load() == 12'000);
    CHECK(limit.snapshot().in_flight == 0);
    CHECK(limit.snapshot().queued == 0);
}
