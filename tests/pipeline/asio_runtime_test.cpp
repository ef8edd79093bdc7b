#include <backstay/pipeline/asio_runtime.hpp>

#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <vector>

namespace {

using namespace backstay;
using namespace std::chrono_literals;

struct Alarm final : Timer {
    explicit Alarm(const asio::any_io_executor& executor) : Timer(&executor) {}
    ~Alarm() { asio_runtime().disarm(*this); }
    void expired() noexcept override {
        ++fired;
        if (again) {
            again();
        }
    }
    int fired = 0;
    std::function<void()> again;
};

TEST_CASE("an alarm fires once, not before its time", "[asio_runtime]") {
    asio::io_context context;
    const asio::any_io_executor executor = context.get_executor();
    Alarm alarm{executor};
    const TimePoint at = asio_runtime().now() + 5ms;
    asio_runtime().arm(alarm, at);
    context.run();
    CHECK(alarm.fired == 1);
    CHECK(asio_runtime().now() >= at);
}

TEST_CASE("a disarmed alarm does not fire, not even when its handler is queued already", "[asio_runtime]") {
    asio::io_context context;
    const asio::any_io_executor executor = context.get_executor();
    Alarm first{executor};
    Alarm second{executor};
    first.again = [&] { asio_runtime().disarm(second); };
    const TimePoint past = asio_runtime().now() - 1s; // both are due at once
    asio_runtime().arm(first, past);
    asio_runtime().arm(second, past);
    context.run();
    CHECK(first.fired == 1);
    CHECK(second.fired == 0);
}

TEST_CASE("an alarm can be armed again while it fires, and replaced", "[asio_runtime]") {
    asio::io_context context;
    const asio::any_io_executor executor = context.get_executor();
    Alarm alarm{executor};
    alarm.again = [&] {
        if (alarm.fired < 3) {
            asio_runtime().arm(alarm, asio_runtime().now());
        }
    };
    asio_runtime().arm(alarm, asio_runtime().now() + 1h);
    asio_runtime().arm(alarm, asio_runtime().now());
    context.run();
    CHECK(alarm.fired == 3);
}

TEST_CASE("an alarm that is destroyed while armed does not fire", "[asio_runtime]") {
    asio::io_context context;
    const asio::any_io_executor executor = context.get_executor();
    {
        Alarm alarm{executor};
        asio_runtime().arm(alarm, asio_runtime().now());
    }
    CHECK_NOTHROW(context.run());
}

TEST_CASE("alarms fire in the order of their times, whatever the order of arming and disarming",
          "[asio_runtime]") {
    asio::io_context context;
    const asio::any_io_executor executor = context.get_executor();
    std::vector<int> fired;
    std::deque<Alarm> alarms;
    const TimePoint past = asio_runtime().now() - 1s;
    for (int i = 0; i < 50; ++i) {
        Alarm& alarm = alarms.emplace_back(executor);
        alarm.again = [&fired, i] { fired.push_back(i); };
        asio_runtime().arm(alarm, past + (i * 37 % 50) * 1ms);
    }
    for (int i = 0; i < 50; i += 3) {
        asio_runtime().disarm(alarms[static_cast<std::size_t>(i)]);
    }
    context.run();
    CHECK(fired.size() == 33);
    CHECK(std::is_sorted(fired.begin(), fired.end(), [](int a, int b) { return a * 37 % 50 < b * 37 % 50; }));
}

TEST_CASE("an earlier alarm does not wait for a later one, nor for one that was disarmed", "[asio_runtime]") {
    asio::io_context context;
    const asio::any_io_executor executor = context.get_executor();
    Alarm later{executor};
    Alarm disarmed{executor};
    Alarm earlier{executor};
    earlier.again = [&] { context.stop(); };
    asio_runtime().arm(later, asio_runtime().now() + 1h);
    asio_runtime().arm(disarmed, asio_runtime().now() + 1ms);
    asio_runtime().disarm(disarmed);
    asio_runtime().arm(earlier, asio_runtime().now() + 5ms);
    context.run();
    CHECK(earlier.fired == 1);
    CHECK(later.fired + disarmed.fired == 0);
}

TEST_CASE("an armed alarm keeps its context running, and a disarmed one does not", "[asio_runtime]") {
    asio::io_context context;
    const asio::any_io_executor executor = context.get_executor();
    Alarm alarm{executor};
    asio_runtime().arm(alarm, asio_runtime().now() + 1h);
    asio::post(context, [&] {
        for (int i = 0; i < 1'000; ++i) { // a call after the other, none of which waits
            asio_runtime().disarm(alarm);
            asio_runtime().arm(alarm, asio_runtime().now() + 1h);
        }
        asio_runtime().disarm(alarm);
    });
    context.run(); // would last an hour
    CHECK(alarm.fired == 0);
}

TEST_CASE("a strand that is busy holds up its own alarm and no other", "[asio_runtime]") {
    asio::thread_pool pool(2);
    const asio::any_io_executor busy = asio::make_strand(pool);
    const asio::any_io_executor idle = asio::make_strand(pool);
    Alarm late{busy};
    Alarm prompt{idle};
    std::promise<void> told;
    prompt.again = [&] { told.set_value(); };
    std::promise<void> release;
    asio::post(busy, [&] {
        asio_runtime().arm(late, asio_runtime().now());
        release.get_future().wait();
        asio_runtime().disarm(late);
    });
    asio::post(idle, [&] { asio_runtime().arm(prompt, asio_runtime().now() + 1ms); });
    told.get_future().wait();
    release.set_value();
    pool.join();
    CHECK(prompt.fired == 1);
    CHECK(late.fired == 0);
}

TEST_CASE("a context that ends leaves its alarms unfired, and they may outlive it", "[asio_runtime]") {
    auto context = std::make_unique<asio::io_context>();
    const auto executor = std::make_unique<asio::any_io_executor>(context->get_executor());
    Alarm alarm{*executor};
    Alarm queued{*executor};
    asio_runtime().arm(alarm, asio_runtime().now() + 1h);
    asio_runtime().arm(queued, asio_runtime().now() - 1s);
    context->run_one(); // the system's timer: the alarm is told by a handler of its own
    context.reset();
    CHECK(alarm.fired + queued.fired == 0);
}

TEST_CASE("alarms of many strands are armed, disarmed and fire on two threads at once",
          "[asio_runtime][threads]") {
    constexpr int strands = 4;
    constexpr int rounds = 5'000;
    asio::thread_pool pool(2);
    struct Worker {
        explicit Worker(asio::any_io_executor own) : executor(std::move(own)) {}
        asio::any_io_executor executor;
        Alarm alarm{executor};
        int left = rounds;
        Random random{1};
        void step() {
            if (left-- == 0) {
                return asio_runtime().disarm(alarm);
            }
            asio_runtime().arm(alarm, asio_runtime().now() + std::chrono::microseconds(random.next() % 50));
            if (random.next() % 2 == 0) { // the alarm may be on its way already
                asio_runtime().disarm(alarm);
                asio::post(executor, [this] { step(); });
            }
        }
    };
    std::deque<Worker> workers;
    for (int i = 0; i < strands; ++i) {
        Worker& worker = workers.emplace_back(asio::make_strand(pool));
        worker.random = Random{static_cast<std::uint64_t>(i)};
        worker.alarm.again = [&worker] { worker.step(); };
        asio::post(worker.executor, [&worker] { worker.step(); });
    }
    pool.join();
    for (const Worker& worker : workers) {
        CHECK(worker.left == -1);
    }
}

TEST_CASE("seeds do not repeat", "[asio_runtime]") {
    std::set<std::uint64_t> seeds;
    for (int i = 0; i < 10'000; ++i) {
        seeds.insert(asio_runtime().seed());
    }
    CHECK(seeds.size() == 10'000);
}

} // namespace
