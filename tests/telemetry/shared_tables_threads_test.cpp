#include "telemetry/histogram_table.hpp"

#include "support/catch.hpp"

#include "telemetry/count_table.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <thread>
#include <vector>

using namespace backstay;
using namespace backstay::detail;
using namespace std::chrono_literals;

// What threads count in the same place: more threads than a cell has parts share one.

namespace {

/// Lets four threads begin at once.
template <class Work>
void in_four_threads(Work work) {
    std::atomic<int> waiting{4};
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&, number] {
            waiting.fetch_sub(1);
            while (waiting.load() > 0) {
                std::this_thread::yield();
            }
            work(number);
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

} // namespace

TEST_CASE("counts that threads add in one table are all there", "[count_table][threads]") {
    CountTable<8> table;
    constexpr std::uint32_t each = 1'000'000;
    in_four_threads([&table](int) {
        for (std::uint32_t i = 0; i < each; ++i) {
            table.add(i % 10); // two more keys than there is room for
        }
    });
    std::uint64_t total = 0;
    std::size_t keys = 0;
    table.each([&](std::optional<std::uint32_t>, std::uint64_t count) {
        total += count;
        ++keys;
    });
    CHECK(total == 4 * each);
    CHECK(keys == 9);
}

TEST_CASE("a key that threads bring at once has one place, and one histogram", "[count_table][threads]") {
    for (int round = 0; round < 500; ++round) {
        CountTable<4> counts;
        HistogramTable<4> histograms;
        in_four_threads([&](int number) {
            for (std::uint32_t key = 0; key < 4; ++key) {
                counts.add(key);
                histograms.record(number % 2 == 0 ? key : 3 - key, 1s);
            }
        });
        std::map<std::uint32_t, std::uint64_t> found;
        counts.each(
            [&](std::optional<std::uint32_t> key, std::uint64_t count) { found[key.value_or(99)] += count; });
        REQUIRE(found == std::map<std::uint32_t, std::uint64_t>{{0, 4}, {1, 4}, {2, 4}, {3, 4}});
        HistogramValue value;
        std::size_t seen = 0;
        histograms.each([&](std::optional<std::uint32_t> key, const DurationHistogram& histogram) {
            seen += key ? 1U : 0U;
            histogram.add_to(value);
        });
        REQUIRE(seen == 4);
        REQUIRE(value.count == 16);
    }
}
