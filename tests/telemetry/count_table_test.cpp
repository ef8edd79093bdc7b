#include "telemetry/count_table.hpp"

#include "support/catch.hpp"

#include <map>
#include <optional>

using namespace backstay::detail;

namespace {

template <std::size_t Capacity>
std::map<std::optional<std::uint32_t>, std::uint64_t> all(const CountTable<Capacity>& table) {
    std::map<std::optional<std::uint32_t>, std::uint64_t> found;
    table.each([&found](std::optional<std::uint32_t> key, std::uint64_t count) { found[key] += count; });
    return found;
}

} // namespace

TEST_CASE("counts are kept by key", "[count_table]") {
    CountTable<8> table;
    CHECK(all(table).empty());
    table.add(0);
    table.add(7, 3);
    table.add(0);
    CHECK(all(table) == std::map<std::optional<std::uint32_t>, std::uint64_t>{{0U, 2}, {7U, 3}});
}

TEST_CASE("keys that fall on the same place are told apart", "[count_table]") {
    CountTable<4> table;
    for (std::uint32_t key = 0; key < 4; ++key) {
        table.add(key * 1'000'003, key + 1);
    }
    CHECK(all(table) == std::map<std::optional<std::uint32_t>, std::uint64_t>{
                            {0U, 1}, {1'000'003U, 2}, {2'000'006U, 3}, {3'000'009U, 4}});
}

TEST_CASE("when the table is full, new keys count together and known ones as before", "[count_table]") {
    CountTable<4> table;
    for (std::uint32_t key = 0; key < 100; ++key) {
        table.add(key);
    }
    table.add(2);
    const auto found = all(table);
    CHECK(found.size() == 5);
    CHECK(found.at(2U) == 2);
    CHECK(found.at(std::nullopt) == 96);
}
