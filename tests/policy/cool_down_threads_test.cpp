#include <backstay/policy/cool_down.hpp>

#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "cool_down_bench.hpp"
#include "operations.hpp"

#include <atomic>
#include <string>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

TEST_CASE("one probe at a time under threads, and none is lost", "[cool_down][threads]") {
    CoolDownBench bench(CoolDownBench::without_spread());
    bench.hear_times(3, reply(503, 60s));
    bench.now += 5s;
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> probes{0};
    in_four_threads([&](int number) {
        TimePoint now = bench.now;
        for (int i = 0; i < operations / 16; ++i) {
            CoolDownBench::Caller caller(bench.cool_down, now, bench.settings);
            if (!proceeds(caller.ask())) {
                continue; // cancelled while it waits
            }
            probes.fetch_add(1);
            const int together = inside.fetch_add(1) + 1;
            for (int seen = most.load(); seen < together && !most.compare_exchange_weak(seen, together);) {
            }
            inside.fetch_sub(1);
            if ((i + number) % 2 == 0) {
                caller.call.fail(lost(FailureKind::canceled));
            } // else its end gives the place back
        }
    });
    CHECK(most.load() == 1);
    CHECK(probes.load() > 1);
    CHECK_FALSE(bench.snapshot().probe_out);
    CHECK(bench.snapshot().waiting == 0);
    CHECK(bench.snapshot().next_chance == bench.now);
}

TEST_CASE("of threads that wait for an opening none is forgotten", "[cool_down][threads]") {
    CoolDownBench bench(CoolDownBench::without_spread());
    std::atomic<int> working{3};
    std::atomic<int> passed{0};
    in_four_threads([&](int number) {
        if (number == 3) {
            while (working.load() > 0) {
                bench.cool_down.clear(bench.settings.key);
                std::this_thread::yield();
            }
            return;
        }
        const auto target = std::make_shared<BlockingTarget>();
        TimePoint now = bench.now;
        CallSettings settings;
        settings.key = bench.settings.key;
        for (int i = 0; i < operations / 100; ++i) {
            PolicyCall call(bench.cool_down, now, settings);
            if (i % 7 == 0) { // cancelled in whatever state it is
                if (waits(call.admit())) {
                    (void)call.policy().enqueue(call.mine(), Waker(target));
                }
                continue;
            }
            if (proceeds(admit_waiting(call, target))) {
                call.fail(reply(429, 60s));
                passed.fetch_add(1);
            }
        }
        working.fetch_sub(1);
    });
    int expected = 0;
    for (int i = 0; i < operations / 100; ++i) {
        expected += i % 7 != 0 ? 3 : 0;
    }
    CHECK(passed.load() == expected);
    bench.cool_down.clear();
    CHECK(bench.snapshot().waiting == 0);
}

TEST_CASE("threads close, wait, probe, clear and look, and leave gates that still work",
          "[cool_down][threads]") {
    CoolDownOptions options;
    const int calls = operations / 16 * 3;
    options.max_cool_down = 40ms;
    options.unavailable_window = 10ms;
    options.probe_every = 5ms;
    options.probe_lease = 20ms;
    options.pace = true;
    options.max_keys = 3;
    CoolDownBench bench(options);
    std::atomic<Duration::rep> clock{0};
    std::atomic<int> ended{0};
    in_four_threads([&](int number) {
        Random random(static_cast<std::uint64_t>(number));
        TimePoint now{};
        const auto tick = [&](Duration time) {
            now = start_of_test + Duration(clock.fetch_add(time.count()) + time.count());
        };
        for (int i = 0; i < calls; ++i) {
            tick(10us);
            const std::string tenant = std::to_string(random.next() % 5);
            CallSettings settings;
            settings.key.partition = tenant;
            settings.deadline.at = now + std::chrono::milliseconds(random.next() % 200);
            CoolDownBench::Caller caller(bench.cool_down, now, settings, random.next());
            caller.ask();
            for (int asked = 0; caller.waiting() && asked < 20 && random.next() % 16 != 0; ++asked) {
                tick(caller.due() ? Duration::zero() : std::max(caller.answer.until - now, Duration(0)));
                caller.ask();
            }
            if (proceeds(caller.answer) && random.next() % 8 != 0) {
                caller.call.begin_attempt();
                caller.call.context.quota = {.remaining = random.next() % 3, .resets_in = 10ms};
                const Failure failure =
                    reply(random.next() % 2 == 0 ? 429 : 503, std::chrono::milliseconds(random.next() % 50));
                caller.call.settle(random.next() % 4 == 0 ? nullptr : &failure);
            }
            if (random.next() % 64 == 0) {
                (void)bench.cool_down.snapshots(now);
                bench.cool_down.clear(settings.key);
            }
            ended.fetch_add(1);
        }
    });
    CHECK(ended.load() == calls * 4);
    bench.now = start_of_test + Duration(clock.load()) + 1h;
    for (const KeyedCoolDownSnapshot& shown : bench.cool_down.snapshots(bench.now)) {
        CHECK(shown.gate.state == CoolDownState::open);
        CHECK(shown.gate.waiting == 0);
        CHECK_FALSE(shown.gate.probe_out);
    }
    bench.hear(reply(429, 40ms));
    CHECK_FALSE(bench.passes());
    bench.now += 40ms;
    CHECK(bench.passes());
}
