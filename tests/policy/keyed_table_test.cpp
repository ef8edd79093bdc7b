#include <backstay/policy/detail/keyed_table.hpp>

#include "support/catch.hpp"

#include <backstay/policy/key.hpp>

#include <atomic>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

using namespace backstay;

namespace {

struct Counter {
    int value = 0;
};
using Table = detail::KeyedTable<Counter>;

std::shared_ptr<Counter> obtain(Table& table, std::string_view origin) {
    return table.obtain(CallKey{.origin = origin}, [] { return std::make_shared<Counter>(); });
}

} // namespace

TEST_CASE("looking a key up makes no state, and counts as a use of one that is there", "[keyed_table]") {
    Table table(2);
    CHECK(table.look_up(CallKey{.origin = "a"}) == nullptr);
    CHECK(table.size() == 0);
    CHECK(obtain(table, "a") != nullptr);
    CHECK(obtain(table, "b") != nullptr);
    CHECK(table.look_up(CallKey{.origin = "a"}) != nullptr);
    CHECK(obtain(table, "c") != nullptr); // "b" makes room
    CHECK(table.look_up(CallKey{.origin = "a"}) != nullptr);
    CHECK(table.look_up(CallKey{.origin = "b"}) == nullptr);
}

TEST_CASE("a table gives the same state to the same key, and another to another", "[keyed_table]") {
    Table table;
    const auto first = obtain(table, "https://a");
    first->value = 7;

    CHECK(obtain(table, std::string("https://a")) == first);
    CHECK(obtain(table, "https://b") != first);
    CHECK(table.find(CallKey{.origin = "https://a"}) == first);
    CHECK(table.find(CallKey{.origin = "https://c"}) == nullptr);
    CHECK(table.size() == 2);
}

TEST_CASE("keys differ when the same text stands in another part", "[keyed_table]") {
    Table table;
    const auto make = [] { return std::make_shared<Counter>(); };
    const auto partition = table.obtain(CallKey{.origin = "o", .partition = "x"}, make);

    CHECK(table.obtain(CallKey{.origin = "o", .credential = "x"}, make) != partition);
    CHECK(table.obtain(CallKey{.origin = "ox"}, make) != partition);
    CHECK(table.obtain(CallKey{.origin = "o", .partition = "x"}, make) == partition);
}

TEST_CASE("key functions keep what matters and drop the rest", "[keyed_table]") {
    const CallKey full{.origin = "o", .credential = "c", .partition = "p", .operation = "get"};
    Table table;
    const auto make = [] { return std::make_shared<Counter>(); };

    const auto whole = table.obtain(by_origin(full), make);
    CHECK(table.obtain(by_origin(CallKey{.origin = "o", .partition = "q"}), make) == whole);
    const auto shard = table.obtain(by_origin_and_partition(full), make);
    CHECK(shard != whole);
    CHECK(table.obtain(by_client(full), make) != shard);
    CHECK(by_client(full).operation.empty());
}

TEST_CASE("a full table evicts the idle state that was asked for longest ago", "[keyed_table]") {
    Table table(3);
    (void)obtain(table, "a");
    (void)obtain(table, "b");
    (void)obtain(table, "c");
    (void)obtain(table, "a"); // now b is the oldest

    (void)obtain(table, "d");
    CHECK(table.size() == 3);
    CHECK(table.find(CallKey{.origin = "b"}) == nullptr);
    CHECK(table.find(CallKey{.origin = "a"}) != nullptr);
}

TEST_CASE("a state that a call holds is never evicted, however old", "[keyed_table]") {
    Table table(2);
    const auto held = obtain(table, "held");
    for (int i = 0; i < 20; ++i) {
        (void)obtain(table, std::to_string(i));
    }
    CHECK(table.find(CallKey{.origin = "held"}) == held);
    CHECK(table.size() == 2);
}

TEST_CASE("a table in which all is held grows rather than refuse, and shrinks again", "[keyed_table]") {
    Table table(2);
    std::vector<std::shared_ptr<Counter>> held;
    for (int i = 0; i < 5; ++i) {
        held.push_back(obtain(table, std::to_string(i)));
        REQUIRE(held.back() != nullptr);
    }
    CHECK(table.size() == 5);

    held.clear();
    (void)obtain(table, "next");
    CHECK(table.size() == 2);
}

TEST_CASE("no memory for a new state gives null and leaves the table as it was", "[keyed_table]") {
    Table table;
    const auto known = obtain(table, "a");
    CHECK(table.obtain(CallKey{.origin = "b"},
                       []() -> std::shared_ptr<Counter> { throw std::bad_alloc(); }) == nullptr);
    CHECK(table.size() == 1);
    CHECK(obtain(table, "a") == known);
}

TEST_CASE("entries are listed under a text for people", "[keyed_table]") {
    Table table;
    (void)table.obtain(CallKey{.origin = "https://a", .partition = "eu"},
                       [] { return std::make_shared<Counter>(); });
    const auto listed = table.entries();
    REQUIRE(listed.size() == 1);
    CHECK(listed.front().first == "https://a partition=eu");
}

TEST_CASE("threads that ask for the same keys share their states", "[keyed_table][threads]") {
    struct Shared {
        std::atomic<int> value{0};
    };
    detail::KeyedTable<Shared> table(4);
    std::vector<std::shared_ptr<Shared>> kept; // keeps what is counted alive
    for (int key = 0; key < 4; ++key) {
        kept.push_back(
            table.obtain(CallKey{.origin = std::to_string(key)}, [] { return std::make_shared<Shared>(); }));
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&table, t] {
            for (int i = 0; i < 2'000; ++i) {
                const std::string key = std::to_string((i + t) % 4);
                const auto make = [] { return std::make_shared<Shared>(); };
                table.obtain(CallKey{.origin = key}, make)->value.fetch_add(1);
                (void)table.obtain(CallKey{.origin = "passing " + key}, make);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    int sum = 0;
    for (const auto& state : kept) {
        sum += state->value.load();
    }
    CHECK(sum == 8'000);
}

TEST_CASE("a key is written so that no two read alike, and that it steers no terminal", "[keyed_table]") {
    const auto text = [](const CallKey& key) { return detail::OwnedKey(key).text(); };
    CHECK(text({}).empty());
    CHECK(text({.origin = "https://a:443", .credential = "eu"}) == "https://a:443 credential=eu");
    CHECK(text({.origin = "https://a:443", .partition = "eu"}) == "https://a:443 partition=eu");
    CHECK(text({.operation = "get order"}) == "operation=get order");
    CHECK(text({.partition = "a\x1b[2J\n\xff\u00fc"}) == "partition=a\\x1b[2J\\x0a\\xff\u00fc");
}
