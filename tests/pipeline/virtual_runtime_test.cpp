#include <backstay/pipeline/virtual_runtime.hpp>

#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace {

using namespace backstay;
using namespace std::chrono_literals;

struct Alarm final : Timer {
    Alarm(int label, std::vector<int>& journal) : Timer(nullptr), id(label), fired(&journal) {}
    void expired() noexcept override { fired->push_back(id); }
    int id;
    std::vector<int>* fired;
};

TEST_CASE("timers fire in order of time, ties in order of arming", "[virtual_runtime]") {
    VirtualRuntime runtime;
    asio::io_context context;
    std::vector<int> fired;
    Alarm late{3, fired};
    Alarm first{1, fired};
    Alarm second{2, fired};
    const TimePoint began = runtime.now();
    runtime.arm(late, began + 2h);
    runtime.arm(first, began + 1s);
    runtime.arm(second, began + 1s);
    runtime.run(context);
    CHECK(fired == std::vector<int>{1, 2, 3});
    CHECK(runtime.now() == began + 2h);
    CHECK(runtime.wall_now().time_since_epoch() == 1767225600s + 2h);
}

TEST_CASE("run_until fires nothing later and ends at its time", "[virtual_runtime]") {
    VirtualRuntime runtime;
    asio::io_context context;
    std::vector<int> fired;
    Alarm alarm{1, fired};
    const TimePoint began = runtime.now();
    runtime.arm(alarm, began + 10s);
    runtime.run_until(context, began + 9s);
    CHECK(fired.empty());
    CHECK(runtime.now() == began + 9s);
    runtime.run_until(context, began + 10s);
    CHECK(fired == std::vector<int>{1});
}

TEST_CASE("any mix of arming, re-arming and disarming keeps the heap in order", "[virtual_runtime]") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Random random{seed};
        VirtualRuntime runtime;
        asio::io_context context;
        std::vector<int> fired;
        std::vector<std::unique_ptr<Alarm>> alarms;
        std::vector<TimePoint> due(50, end_of_time);
        for (int id = 0; id < 50; ++id) {
            alarms.push_back(std::make_unique<Alarm>(id, fired));
        }
        for (int step = 0; step < 300; ++step) {
            const std::size_t id = random.next() % alarms.size();
            if (random.next() % 3 == 0) {
                runtime.disarm(*alarms[id]);
                due[id] = end_of_time;
            } else {
                due[id] = runtime.now() + std::chrono::milliseconds{random.next() % 1000};
                runtime.arm(*alarms[id], due[id]);
            }
        }
        const auto armed =
            std::count_if(due.begin(), due.end(), [](TimePoint at) { return at != end_of_time; });
        REQUIRE(runtime.armed() == static_cast<std::size_t>(armed));
        runtime.run(context);
        REQUIRE(fired.size() == static_cast<std::size_t>(armed));
        REQUIRE(std::is_sorted(fired.begin(), fired.end(), [&](int a, int b) {
            return due[static_cast<std::size_t>(a)] < due[static_cast<std::size_t>(b)];
        }));
    }
}

} // namespace
