#include <backstay/telemetry/metrics_observer.hpp>

#include "support/catch.hpp"

#include <backstay/telemetry/log_observer.hpp>
#include <backstay/telemetry/observers.hpp>

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

constexpr int calls_each = 125'000; // two events each, in four threads: a million

template <class Work>
void in_four_threads(Work work) {
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&work, number] { work(number); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

} // namespace

TEST_CASE("threads that count at once lose nothing, while snapshots are taken", "[metrics][threads]") {
    MetricsObserver metrics({.max_operations = 8});
    metrics.add_gauge(metrics::pool_open, {}, [] { return 1.0; });
    std::atomic<bool> done{false};
    std::atomic<bool> went_back{false};
    std::thread reader([&] {
        double before = 0;
        while (!done.load()) {
            const double now = metrics.snapshot().total("backstay.calls");
            went_back = went_back || now < before;
            before = now;
        }
    });
    in_four_threads([&metrics](int number) {
        std::vector<std::string> operations;
        for (int i = 0; i < 10; ++i) { // two more than are told apart; all threads find new ones at once
            operations.push_back("get order " + std::to_string(i));
        }
        for (int i = 0; i < calls_each; ++i) {
            Event event{.type = EventType::attempt_ended, .attempt = 1, .duration = Duration(i) * 100};
            event.kind = i % 10 == number ? FailureKind::server_error : FailureKind::none;
            event.origin = "https://api.test:443";
            event.operation = operations[static_cast<std::size_t>(i) % operations.size()];
            metrics.notify(event);
            event.type = EventType::call_ended;
            event.attempt = 2;
            metrics.notify(event);
        }
    });
    done.store(true);
    reader.join();
    CHECK_FALSE(went_back);
    const MetricsSnapshot snapshot = metrics.snapshot();
    CHECK(snapshot.total("backstay.calls") == 4 * calls_each);
    CHECK(snapshot.total("backstay.attempts") == 4 * calls_each);
    CHECK(snapshot.total("http.client.request.duration") == 4 * calls_each);
    CHECK(snapshot.total("http.request.resend_count") == 4 * calls_each);
    CHECK(snapshot.total("backstay.calls", {{"outcome", "server_error"}}) == 4 * calls_each / 10);
    CHECK(metrics.dropped() == 0);
}

TEST_CASE("threads that log at once write whole lines, and all are written or counted",
          "[log_observer][threads]") {
    std::atomic<int> lines{0};
    LogObserver log({.sink =
                         [&lines](std::string_view line) {
                             if (line.find("level=") != 0) {
                                 throw 1;
                             }
                             lines.fetch_add(1);
                         },
                     .lines_per_second = 100});
    MetricsObserver metrics;
    Observers both{&log, &metrics};
    in_four_threads([&both](int number) {
        const std::string origin = "https://" + std::to_string(number % 2) + ".test:443";
        for (int i = 0; i < 5'000; ++i) {
            Event event{.type = EventType::attempt_ended, .kind = FailureKind::server_error};
            event.origin = origin;
            event.at = TimePoint{1h} + i * 1ms;
            both.notify(event);
            event.type = EventType::call_ended;
            both.notify(event);
            if (i % 100 == 0) {
                event.type = EventType::circuit_opened;
                both.notify(event);
            }
        }
    });
    CHECK(log.dropped() == 0);
    CHECK(lines.load() - 4 * 50 + static_cast<int>(log.suppressed()) == 4 * 5'000);
    CHECK(metrics.snapshot().total("backstay.calls") == 4 * 5'000);
}
