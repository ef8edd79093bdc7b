#include <backstay/policy/circuit_breaker.hpp>

#include "support/catch.hpp"

#include "blocking_call.hpp"
#include "breaker_test_bench.hpp"

#include <atomic>
#include <optional>
#include <string>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

CircuitBreakerOptions with_probes(int probes) {
    CircuitBreakerOptions options = BreakerBench::without_jitter();
    options.probes = probes;
    return options;
}

/// Counts who is inside at once.
struct Crowd {
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    void enter() {
        const int now = inside.fetch_add(1) + 1;
        int seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
    }
    void leave() { inside.fetch_sub(1); }
};

} // namespace

TEST_CASE("successes of many threads are all counted while the bucket stands", "[circuit_breaker][threads]") {
    for (const CircuitWindow window : {CircuitWindow::time, CircuitWindow::count}) {
        CircuitBreakerOptions options = BreakerBench::without_jitter();
        options.window = window;
        options.window_calls = 100'000;
        BreakerBench bench(options);
        bench.succeed();
        in_four_threads([&](int) {
            TimePoint now = bench.now;
            for (int i = 0; i < 5'000; ++i) {
                PolicyCall call(bench.breaker, now);
                if (proceeds(call.admit())) {
                    call.succeed();
                }
            }
        });
        CHECK(bench.snapshot().calls == 20'001);
    }
}

TEST_CASE("trap: probes out never exceed the limit under threads (resilience4j#1090)",
          "[circuit_breaker][threads]") {
    BreakerBench bench(with_probes(2));
    bench.open_and_wait();
    Crowd crowd;
    std::atomic<int> admitted{0};
    in_four_threads([&](int number) {
        TimePoint now = bench.now;
        for (int i = 0; i < 3'000; ++i) {
            PolicyCall call(bench.breaker, now);
            if (proceeds(call.admit())) {
                admitted.fetch_add(1);
                crowd.enter();
                std::this_thread::yield();
                crowd.leave(); // before the place is free again
                if ((i + number) % 2 == 0) {
                    call.fail(lost(FailureKind::canceled));
                }
            }
        }
    });
    CHECK(crowd.most.load() <= 2);
    CHECK(admitted.load() > 2);
    CHECK(bench.snapshot().probes_out == 0);
    CHECK(bench.state() == CircuitState::half_open);
}

TEST_CASE("threads that open, probe and close leave a circuit that still works",
          "[circuit_breaker][threads]") {
    for (const CircuitWindow window :
         {CircuitWindow::consecutive, CircuitWindow::time, CircuitWindow::count}) {
        CircuitBreakerOptions options = with_probes(3);
        options.window = window;
        options.window_length = 100ms;
        options.window_calls = 8;
        options.minimum_calls = 4;
        options.open_for = 1ms;
        options.longest_open_for = 1ms;
        options.wait_for_probe = false;
        BreakerBench bench(options);
        std::atomic<Duration::rep> clock{0};
        in_four_threads([&](int number) {
            Random random(static_cast<std::uint64_t>(number));
            for (int i = 0; i < (window == CircuitWindow::time ? rounds : 4'000); ++i) {
                TimePoint now = start_of_test + Duration(clock.fetch_add(100'000));
                PolicyCall call(bench.breaker, now, CallSettings{}, random.next());
                if (proceeds(call.admit()) && random.next() % 8 != 0) {
                    random.next() % 2 == 0 ? call.fail(reply(500)) : call.succeed();
                }
                if (random.next() % 64 == 0) {
                    (void)bench.breaker.snapshot(now);
                }
            }
        });
        bench.now = start_of_test + 1h;
        if (bench.state() == CircuitState::closed) {
            bench.fail_times(10);
            CHECK(bench.state() == CircuitState::open);
            bench.now += 1s;
        }
        CHECK(bench.snapshot().probes_out == 0);
        bench.succeed_times(2 - static_cast<int>(bench.snapshot().probe_successes));
        CHECK(bench.state() == CircuitState::closed);
        CHECK(bench.snapshot().calls == 0);
    }
}

TEST_CASE("of threads that wait for probes none is forgotten", "[circuit_breaker][threads]") {
    CircuitBreakerOptions options = with_probes(1);
    options.wait_for_probe = true;
    BreakerBench bench(options);
    bench.open_and_wait();
    Crowd crowd;
    std::atomic<int> done{0};
    std::atomic<int> left{0};
    in_four_threads([&](int number) {
        const auto target = std::make_shared<BlockingTarget>();
        TimePoint now = bench.now;
        for (int i = 0; i < 3'000; ++i) {
            PolicyCall call(bench.breaker, now);
            Admission answer = call.admit();
            if (waits(answer) && (i + number) % 5 == 0) {
                (void)call.policy().enqueue(call.mine(), Waker(target));
                left.fetch_add(1);
                continue; // its deadline passes: it leaves the queue, woken or not
            }
            if (waits(answer)) {
                answer = admit_waiting(call, target);
            }
            if (proceeds(answer)) {
                crowd.enter();
                std::this_thread::yield();
                crowd.leave();
                call.fail(lost(FailureKind::canceled));
                done.fetch_add(1);
            }
        }
    });
    CHECK(crowd.most.load() == 1);
    CHECK(done.load() + left.load() == 12'000);
    CHECK(bench.snapshot().probes_out == 0);
}

TEST_CASE("threads isolate, close and look while others call", "[circuit_breaker][threads]") {
    CircuitBreakerOptions options;
    options.max_keys = 3;
    BreakerBench bench(options);
    in_four_threads([&](int number) {
        Random random(static_cast<std::uint64_t>(number));
        TimePoint now = start_of_test;
        for (int i = 0; i < 1'000; ++i) {
            now += 1ms;
            if (number == 0) {
                const auto isolation = bench.breaker.isolate(now + 1s);
                (void)bench.breaker.snapshots(now);
                if (i % 10 == 0) {
                    bench.breaker.close();
                }
            } else {
                const std::string origin = std::to_string(random.next() % 5);
                CallSettings settings;
                settings.key.origin = origin;
                PolicyCall call(bench.breaker, now, settings, random.next());
                if (proceeds(call.admit())) {
                    random.next() % 2 == 0 ? call.fail(reply(500)) : call.succeed();
                }
            }
        }
    });
    bench.breaker.close();
    CHECK(bench.succeed());
}
