#include <backstay/policy/hedge.hpp>

#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "support/policy_call.hpp"

#include <atomic>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

TEST_CASE("threads share a hedge's latencies and budget", "[hedge][threads]") {
    const Hedge hedge({.quantile = 0.5, .extra_ratio = 0.1});
    std::atomic<std::uint64_t> sent{0};
    in_four_threads([&](int number) {
        TimePoint now = start_of_test;
        Random random(static_cast<std::uint64_t>(number));
        for (int i = 0; i < rounds; ++i) {
            PolicyCall call(hedge, now);
            (void)call.admit();
            call.begin_attempt();
            Branch next = call.policy().next_branch(call.mine(), call.context, 1);
            const bool late = random.next() % 4 == 0;
            now += late ? 200ms : 100us;
            if (late && next.answer == Branch::Answer::start_at) {
                call.context.now = now;
                next = call.policy().next_branch(call.mine(), call.context, 1);
                if (next.answer == Branch::Answer::start_at && next.at <= now) {
                    sent.fetch_add(1, std::memory_order_relaxed);
                    ++call.context.attempt;
                    (void)call.policy().next_branch(call.mine(), call.context, 2); // as it begins
                }
            }
            call.context.now = now;
            call.policy().branch_ended(call.mine(), call.context,
                                       {.index = 0, .attempt_began = call.context.attempt_began});
            (void)call.settle(nullptr);
            if (i % 256 == 0) {
                (void)hedge.snapshot(now);
            }
        }
    });
    const HedgeSnapshot shown = hedge.snapshot(start_of_test);
    CHECK(shown.sent == sent.load());
    CHECK(static_cast<double>(shown.sent) <= 3 + 0.1 * 4 * rounds);
    CHECK(shown.sent > 0);
    CHECK(shown.tokens >= 0);
}
