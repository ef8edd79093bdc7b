#include "telemetry/metric_cells.hpp"

#include "support/catch.hpp"

#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace backstay::detail;

TEST_CASE("an operation of an origin always has the same cell", "[metric_cells]") {
    MetricCells cells(100);
    MetricCell& cell = cells.obtain("https://a:443", "get order");
    CHECK(cell.origin == "https://a:443");
    CHECK(cell.operation == "get order");
    CHECK(&cells.obtain("https://a:443", std::string("get ") + "order") == &cell);
    CHECK(&cells.obtain("https://b:443", "get order") != &cell);
    CHECK(&cells.obtain("https://a:443", "get orders") != &cell);
    CHECK(&cells.obtain("https://a:443get", " order") != &cell);
    CHECK(&cells.obtain("", "") != &cell);
}

TEST_CASE("labels of every length have cells of their own", "[metric_cells]") {
    MetricCells cells(400);
    std::set<const MetricCell*> seen;
    for (std::size_t length = 0; length < 100; ++length) {
        seen.insert(&cells.obtain(std::string(length, 'x'), "op"));
        seen.insert(&cells.obtain("origin", std::string(length, 'x')));
        seen.insert(&cells.obtain(std::string(length, 'x') + "y", "op"));
    }
    CHECK(seen.size() == 300);
}

TEST_CASE("beyond the bound all share one cell, and those that were there keep theirs", "[metric_cells]") {
    MetricCells cells(3);
    std::vector<const MetricCell*> first;
    for (int i = 0; i < 3; ++i) {
        first.push_back(&cells.obtain("o", std::to_string(i)));
    }
    const MetricCell& other = cells.obtain("o", "3");
    CHECK(other.operation == "other");
    CHECK(other.origin == "other");
    CHECK(&cells.obtain("o", "4") == &other);
    for (int i = 0; i < 3; ++i) {
        CHECK(&cells.obtain("o", std::to_string(i)) == first[static_cast<std::size_t>(i)]);
    }
    int visited = 0;
    cells.each([&visited](const MetricCell&) { ++visited; });
    CHECK(visited == 4);
}

TEST_CASE("threads have parts of their own", "[metric_cells]") {
    MetricCells cells(3);
    MetricCell& cell = cells.obtain("o", "a");
    MetricShard* const mine = &cell.shard();
    MetricShard* theirs = nullptr;
    std::thread([&] { theirs = &cell.shard(); }).join();
    CHECK(&cell.shard() == mine);
    CHECK(theirs != mine);
    int visited = 0;
    cell.each_shard([&visited](const MetricShard&) { ++visited; });
    CHECK(visited == 2);
}
