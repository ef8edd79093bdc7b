#include <backstay/policy/rate_limiter.hpp>

#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "operations.hpp"
#include "rate_limiter_bench.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

TEST_CASE("threads without a queue take exactly the tokens that there are", "[rate_limiter][threads]") {
    for (const bool keyed : {false, true}) {
        RateLimiterBench bench(
            {.rate = 1'000, .burst = 5'000, .max_wait = 0s, .key = keyed ? by_client : nullptr});
        std::atomic<int> passed{0};
        in_four_threads([&](int) {
            TimePoint now = bench.now;
            for (int i = 0; i < operations / 16; ++i) {
                PolicyCall call(bench.limiter, now, bench.settings);
                passed.fetch_add(proceeds(call.admit()) ? 1 : 0);
            }
        });
        CHECK(passed.load() == 5'000);
        CHECK(bench.snapshot().refused == static_cast<std::uint64_t>(operations / 16 * 4 - 5'000));
    }
}

TEST_CASE("threads whose clock goes on never take more than time gave", "[rate_limiter][threads]") {
    RateLimiterBench bench({.rate = 1'000, .burst = 10, .max_wait = 0s});
    std::atomic<Duration::rep> clock{0};
    std::vector<std::vector<TimePoint>> passed(4);
    in_four_threads([&](int number) {
        TimePoint now{};
        for (int i = 0; i < operations / 8; ++i) {
            now = start_of_test + Duration(clock.fetch_add(100'000)); // ten for each token
            PolicyCall call(bench.limiter, now);
            if (proceeds(call.admit())) {
                passed[static_cast<std::size_t>(number)].push_back(now);
            }
        }
    });
    std::vector<TimePoint> all;
    for (const auto& some : passed) {
        all.insert(all.end(), some.begin(), some.end());
    }
    std::sort(all.begin(), all.end());
    // in the whole; a thread that was held up took its token at an earlier time of its own clock
    const auto most = 10 + Duration(clock.load()) / 1ms;
    CHECK(static_cast<Duration::rep>(all.size()) <= most);
    CHECK(static_cast<Duration::rep>(all.size()) >= most / 2);
}

TEST_CASE("of threads that wait for tokens none is forgotten, and no token is lost",
          "[rate_limiter][threads]") {
    RateLimiter limiter({.rate = 1'000, .burst = 1, .max_wait = 1h, .max_queued = 100});
    std::atomic<Duration::rep> clock{0};
    std::atomic<int> passed{0};
    std::atomic<int> left{0};
    in_four_threads([&](int number) {
        const auto target = std::make_shared<BlockingTarget>();
        for (int i = 0; i < operations / 50; ++i) {
            TimePoint now = start_of_test + Duration(clock.load());
            CallSettings settings;
            settings.priority = static_cast<Priority>(i % 3);
            PolicyCall call(limiter, now, settings);
            Admission answer = call.admit();
            for (int asked = 0; waits(answer); ++asked) {
                if (call.policy().enqueue(call.mine(), Waker(target))) {
                    if ((i + number) % 5 == 0 && asked == 1) {
                        break; // cancelled in mid-wait, perhaps called by now
                    }
                    if (answer.until == end_of_time) {
                        target->wait();
                    } else { // it is the first: its time comes
                        Duration::rep noted = clock.load();
                        const Duration::rep due = (answer.until - start_of_test).count();
                        while (noted < due && !clock.compare_exchange_weak(noted, due)) {
                        }
                    }
                }
                now = std::max(now, start_of_test + Duration(clock.load()));
                answer = call.admit();
            }
            (proceeds(answer) ? passed : left).fetch_add(1);
        }
    });
    CHECK(passed.load() + left.load() == operations / 50 * 4);
    CHECK(passed.load() > left.load());
    CHECK(static_cast<Duration::rep>(passed.load()) <= 1 + Duration(clock.load()) / 1ms);
    const RateLimiterSnapshot shown = limiter.snapshot(start_of_test + Duration(clock.load()) + 1ms);
    CHECK(shown.queued == 0);
    CHECK(shown.tokens == 1);
}

TEST_CASE("threads of all priorities displace each other while the rate changes and others look",
          "[rate_limiter][threads]") {
    RateLimiter limiter({.rate = 1'000, .burst = 2, .max_wait = 5ms, .max_queued = 2, .key = by_client});
    std::atomic<Duration::rep> clock{0};
    std::atomic<int> ended{0};
    in_four_threads([&](int number) {
        Random random(static_cast<std::uint64_t>(number));
        for (int i = 0; i < operations / 16; ++i) {
            TimePoint now = start_of_test + Duration(clock.fetch_add(50'000));
            const std::string tenant = std::to_string(random.next() % 3);
            CallSettings settings;
            settings.key.partition = tenant;
            settings.priority = static_cast<Priority>(random.next() % 3);
            settings.deadline.at = now + std::chrono::milliseconds(random.next() % 10);
            WaitingCall<RateLimiter> caller(limiter, now, settings);
            caller.ask();
            for (int asked = 0; caller.waiting() && asked < 20; ++asked) {
                now = std::max(now, start_of_test + Duration(clock.fetch_add(200'000)));
                if (caller.due()) {
                    caller.ask();
                }
            }
            if (random.next() % 64 == 0) {
                (void)limiter.snapshots(now);
                limiter.set_rate(now, 500 + static_cast<int>(random.next() % 1'000), 1s, 1 + i % 3);
            }
            ended.fetch_add(1);
        }
    });
    CHECK(ended.load() == operations / 16 * 4);
    const TimePoint now = start_of_test + Duration(clock.load()) + 1h;
    for (const KeyedRateLimiterSnapshot& shown : limiter.snapshots(now)) {
        CHECK(shown.limiter.queued == 0);
        CHECK(shown.limiter.tokens == limiter.options().burst);
    }
}
