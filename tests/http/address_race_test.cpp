#include "http/address_race.hpp"

#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

using Act = AddressRace::Act;

const TimePoint noon = TimePoint{} + 12h;

AddressRace::Limits limits(Duration each = 3s) {
    AddressRace::Limits made;
    made.each = each;
    return made;
}

std::string order(const std::vector<std::string>& given) {
    std::vector<asio::ip::address> addresses;
    for (const std::string& one : given) {
        addresses.push_back(asio::ip::make_address(one));
    }
    std::string text;
    for (const asio::ip::address& address : interleave(addresses)) {
        text += address.to_string() + " ";
    }
    return text;
}

/// Reads one step as text: `begin 0`, `wait 250`, in milliseconds since noon.
std::string step(AddressRace& race, Duration at) {
    const AddressRace::Step said = race.next(noon + at);
    switch (said.act) {
    case Act::begin:
        return "begin " + std::to_string(said.address);
    case Act::give_up:
        return "give up " + std::to_string(said.address);
    case Act::wait:
        return said.until == end_of_time
                   ? "wait"
                   : "wait " + std::to_string(
                                   std::chrono::floor<std::chrono::milliseconds>(said.until - noon).count());
    case Act::over:
        break;
    }
    return "over";
}

} // namespace

TEST_CASE("families take turns, beginning with the first one's", "[http][address_race]") {
    CHECK(order({}).empty());
    CHECK(order({"::1", "::2", "::3", "10.0.0.1", "10.0.0.2"}) == "::1 10.0.0.1 ::2 10.0.0.2 ::3 ");
    CHECK(order({"10.0.0.1", "::1", "10.0.0.2", "10.0.0.3"}) == "10.0.0.1 ::1 10.0.0.2 10.0.0.3 ");
    CHECK(order({"10.0.0.3", "10.0.0.1"}) == "10.0.0.3 10.0.0.1 ");
}

TEST_CASE("the next address begins 250 ms after the one before", "[http][address_race]") {
    AddressRace race(3, limits());
    CHECK(step(race, 0ms) == "begin 0");
    CHECK(step(race, 0ms) == "wait 250");
    CHECK(step(race, 249ms) == "wait 250");
    CHECK(step(race, 250ms) == "begin 1");
    CHECK(step(race, 260ms) == "wait 500");
    CHECK(step(race, 510ms) == "begin 2");
    CHECK(step(race, 510ms) == "wait 3000");
    CHECK(race.began(2) == noon + 510ms);
}

TEST_CASE("when one fails the next begins at once", "[http][address_race]") {
    AddressRace race(3, limits());
    CHECK(step(race, 0ms) == "begin 0");
    race.failed(0);
    CHECK(step(race, 1ms) == "begin 1");
    CHECK(step(race, 1ms) == "wait 251");
    race.failed(1);
    CHECK(step(race, 2ms) == "begin 2");
    race.failed(2);
    CHECK(step(race, 3ms) == "over");
}

TEST_CASE("when one fails the next begins at once, though another is under way", "[http][address_race]") {
    const std::size_t failing = GENERATE(std::size_t{0}, std::size_t{1});
    AddressRace race(4, limits());
    CHECK(step(race, 0ms) == "begin 0");
    CHECK(step(race, 250ms) == "begin 1");
    race.failed(failing);
    CHECK(step(race, 260ms) == "begin 2");
    CHECK(step(race, 260ms) == "wait 510");
}

TEST_CASE("each address has its own time, counted from its beginning", "[http][address_race]") {
    AddressRace race(2, limits(1s));
    CHECK(step(race, 0ms) == "begin 0");
    CHECK(step(race, 250ms) == "begin 1");
    CHECK(step(race, 250ms) == "wait 1000");
    CHECK(step(race, 1000ms) == "give up 0");
    CHECK(step(race, 1000ms) == "wait 1250");
    CHECK(step(race, 1250ms) == "give up 1");
    CHECK(step(race, 1250ms) == "over");
}

TEST_CASE("without a limit only the call's own deadline ends an address", "[http][address_race]") {
    AddressRace race(1, limits(0ms));
    CHECK(step(race, 0ms) == "begin 0");
    CHECK(step(race, 24h) == "wait");
}

TEST_CASE("a limit shorter than the time between two beginnings begins the next", "[http][address_race]") {
    AddressRace race(2, limits(100ms));
    CHECK(step(race, 0ms) == "begin 0");
    CHECK(step(race, 0ms) == "wait 100");
    CHECK(step(race, 100ms) == "give up 0");
    CHECK(step(race, 100ms) == "begin 1");
}

TEST_CASE("when the winner proves useless those that lost to it begin anew, and it does not",
          "[http][address_race]") {
    AddressRace race(3, limits());
    CHECK(step(race, 0ms) == "begin 0");
    CHECK(step(race, 250ms) == "begin 1");
    race.won(1);
    CHECK(step(race, 300ms) == "begin 0");
    CHECK(race.began(0) == noon + 300ms);
    CHECK(step(race, 550ms) == "begin 2");
    race.failed(2);
    race.failed(0);
    CHECK(step(race, 551ms) == "over");
}

TEST_CASE("a stopped race begins nothing, and waits for what is under way", "[http][address_race]") {
    AddressRace race(3, limits());
    CHECK(step(race, 0ms) == "begin 0");
    CHECK(step(race, 250ms) == "begin 1");
    race.failed(1);
    race.stop();
    CHECK(step(race, 250ms) == "wait 3000");
    race.failed(0);
    CHECK(step(race, 260ms) == "over");
}

TEST_CASE("whatever happens each address begins once before the race is over, and none too early",
          "[http][address_race][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        Random random(seed);
        const std::size_t count = 1 + random.next() % 16;
        AddressRace race(count, limits(random.next() % 2 == 0 ? Duration(3s) : Duration(400ms)));
        std::vector<int> begun(count, 0);
        std::set<std::size_t> running;
        TimePoint now = noon;
        TimePoint last = TimePoint::min();
        bool failure = true; // since the last beginning, or nothing runs
        for (bool over = false; !over;) {
            const AddressRace::Step said = race.next(now);
            if (said.act == Act::begin) {
                REQUIRE((failure || running.empty() || now >= last + 250ms));
                REQUIRE(++begun[said.address] == 1);
                running.insert(said.address);
                last = now;
                failure = false;
            } else if (said.act == Act::give_up) {
                REQUIRE(running.erase(said.address) == 1);
                failure = true;
            } else if (said.act == Act::wait) {
                REQUIRE(!running.empty());
                REQUIRE(said.until > now);
                if (random.next() % 3 == 0) {
                    const auto victim =
                        std::next(running.begin(), static_cast<long>(random.next() % running.size()));
                    race.failed(*victim);
                    running.erase(victim);
                    failure = true;
                } else {
                    now = said.until;
                }
            } else {
                over = true;
            }
        }
        REQUIRE(running.empty());
        REQUIRE(std::all_of(begun.begin(), begun.end(), [](int times) { return times == 1; }));
    }
}
