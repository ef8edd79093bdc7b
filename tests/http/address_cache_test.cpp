#include "http/address_cache.hpp"

#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <map>
#include <string>
#include <thread>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

const TimePoint noon = TimePoint{} + 12h;

Addresses at(const std::string& address) {
    return {asio::ip::make_address(address)};
}

} // namespace

TEST_CASE("what was found counts for as long as was said, and not longer", "[http][address_cache]") {
    AddressCache cache(30s);
    cache.keep("a.test", at("192.0.2.1"), noon);
    CHECK(cache.find("a.test", noon + 30s - 1ns) == at("192.0.2.1"));
    CHECK(cache.find("b.test", noon).empty());
    CHECK(cache.find("a.test", noon + 30s).empty());
    CHECK(cache.size() == 0);
}

TEST_CASE("a later finding replaces an earlier one and its time", "[http][address_cache]") {
    AddressCache cache(30s);
    cache.keep("a.test", at("192.0.2.1"), noon);
    cache.keep("a.test", at("192.0.2.2"), noon + 20s);
    CHECK(cache.find("a.test", noon + 49s) == at("192.0.2.2"));
    CHECK(cache.size() == 1);
}

TEST_CASE("nothing is kept for no time, and a name without addresses never", "[http][address_cache]") {
    AddressCache none(0s);
    none.keep("a.test", at("192.0.2.1"), noon);
    CHECK(none.find("a.test", noon).empty());
    AddressCache cache(30s);
    cache.keep("a.test", {}, noon);
    CHECK(cache.size() == 0);
}

TEST_CASE("what is forgotten is asked for again", "[http][address_cache]") {
    AddressCache cache(30s);
    cache.keep("a.test", at("192.0.2.1"), noon);
    cache.forget("a.test");
    cache.forget("b.test");
    CHECK(cache.find("a.test", noon).empty());
}

TEST_CASE("a full cache gives up the name that would expire first", "[http][address_cache]") {
    AddressCache cache(30s, 2);
    cache.keep("a.test", at("192.0.2.1"), noon + 1s);
    cache.keep("b.test", at("192.0.2.2"), noon);
    cache.keep("c.test", at("192.0.2.3"), noon + 2s);
    CHECK(cache.size() == 2);
    CHECK(cache.find("b.test", noon).empty());
    CHECK_FALSE(cache.find("a.test", noon).empty());
    CHECK_FALSE(cache.find("c.test", noon).empty());
}

TEST_CASE("the cache answers as a plain list of findings would", "[http][address_cache][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        Random random(seed);
        AddressCache cache(30s);
        std::map<std::string, std::pair<Addresses, TimePoint>> model;
        TimePoint now = noon;
        for (int i = 0; i < 20; ++i) {
            const std::string host = "host" + std::to_string(random.next() % 3);
            now += std::chrono::seconds(random.next() % 12);
            switch (random.next() % 4) {
            case 0:
                cache.forget(host);
                model.erase(host);
                break;
            case 1: {
                const Addresses found = at("192.0.2." + std::to_string(i));
                cache.keep(host, found, now);
                model[host] = {found, now + 30s};
                break;
            }
            default: {
                const auto known = model.find(host);
                const bool counts = known != model.end() && now < known->second.second;
                REQUIRE(cache.find(host, now) == (counts ? known->second.first : Addresses()));
            }
            }
        }
    }
}

TEST_CASE("threads find whole answers while others keep and forget", "[http][address_cache][threads]") {
    AddressCache cache(30s, 4);
    std::vector<std::thread> threads;
    std::vector<int> torn(4, 0);
    for (std::size_t number = 0; number < 4; ++number) {
        threads.emplace_back([&cache, &torn, number] {
            Random random(number);
            for (int i = 0; i < 250'000; ++i) {
                const std::string host = "host" + std::to_string(random.next() % 8);
                const auto drawn = random.next() % 4;
                if (drawn == 0) {
                    cache.keep(host, {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()},
                               noon + std::chrono::milliseconds(i));
                } else if (drawn == 1) {
                    cache.forget(host);
                } else {
                    const Addresses found = cache.find(host, noon + std::chrono::milliseconds(i));
                    torn[number] += found.empty() || found.size() == 2 ? 0 : 1;
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(torn == std::vector<int>(4, 0));
    CHECK(cache.size() <= 4);
}
