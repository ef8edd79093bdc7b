#include <backstay/pipeline/asio_runtime.hpp>

#include "support/catch.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>

#include <functional>
#include <set>

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

TEST_CASE("seeds do not repeat", "[asio_runtime]") {
    std::set<std::uint64_t> seeds;
    for (int i = 0; i < 10'000; ++i) {
        seeds.insert(asio_runtime().seed());
    }
    CHECK(seeds.size() == 10'000);
}

} // namespace
