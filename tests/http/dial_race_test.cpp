#include "http/dial_race.hpp"

#include "http/dial_race_world.hpp"
#include "support/catch.hpp"

#include <backstay/core/stop_signal.hpp>

#include <functional>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

using Outcome = expected<DialRace::Winner, StepFault>;

constexpr std::errc no_descriptors = std::errc::too_many_files_open;

Road connected_after(Duration time) {
    return {time, {}, false};
}
Road refused_after(Duration time) {
    return {time, asio::error::connection_refused, false};
}

struct RaceWorld : World {
    std::shared_ptr<RoadBook> book = std::make_shared<RoadBook>(RoadBook{runtime});
    RoadDialer dialer{book};
    Exchanged call{};
    Started<Outcome> started{};

    DialRace race(const std::vector<std::string>& addresses, Duration each = 3s) {
        std::vector<asio::ip::address> made;
        for (const std::string& address : addresses) {
            made.push_back(asio::ip::make_address(address));
        }
        AddressRace::Limits limits;
        limits.each = each;
        return {dialer, made, 443, limits};
    }

    static asio::awaitable<Outcome> play(RaceWorld& world, DialRace& race) {
        co_await asio::this_coro::throw_if_cancelled(false);
        Watchdog watchdog(world.runtime, co_await asio::this_coro::executor, world.call.call,
                          co_await asio::this_coro::cancellation_state);
        co_return co_await race.run(watchdog);
    }

    static asio::awaitable<Outcome> play_own(RaceWorld& world, DialRace race) {
        co_return co_await play(world, race);
    }

    const Outcome& finish(DialRace& race) {
        started.outcome.reset();
        backstay::test::start(*this, started, play(*this, race));
        run();
        return started.outcome.value();
    }

    [[nodiscard]] std::string dialed() const {
        std::string text;
        for (const auto& [address, when] : book->dialed) {
            text += address + "@" +
                    std::to_string(std::chrono::floor<std::chrono::milliseconds>(when - begun).count()) + " ";
        }
        return text;
    }

    TimePoint begun = now();
};

} // namespace

TEST_CASE("an address that answers in time is alone", "[http][dial_race]") {
    RaceWorld world;
    world.book->roads["10.0.0.1"] = connected_after(249ms);
    DialRace race = world.race({"10.0.0.1", "10.0.0.2"});
    REQUIRE(world.finish(race));
    CHECK(world.started.outcome->value().stream->remote() == "10.0.0.1");
    CHECK(world.dialed() == "10.0.0.1@0 ");
    CHECK(world.book->open == 1);
}

TEST_CASE("the first to finish wins, and the losers are closed", "[http][dial_race]") {
    RaceWorld world;
    world.book->roads["10.0.0.1"] = connected_after(1s);
    world.book->roads["10.0.0.2"] = connected_after(400ms);
    DialRace race = world.race({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
    REQUIRE(world.finish(race));
    CHECK(world.started.outcome->value().stream->remote() == "10.0.0.2");
    CHECK(world.started.outcome->value().began == world.begun + 250ms);
    CHECK(world.dialed() == "10.0.0.1@0 10.0.0.2@250 10.0.0.3@500 ");
    CHECK(world.now() == world.begun + 650ms);
    CHECK(world.book->open == 1);
}

TEST_CASE("when one fails the next is dialled at once", "[http][dial_race]") {
    RaceWorld world;
    world.book->roads["10.0.0.1"] = refused_after(10ms);
    world.book->roads["10.0.0.2"] = {{}, asio::error::network_unreachable, true};
    world.book->roads["10.0.0.3"] = connected_after(5ms);
    DialRace race = world.race({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
    REQUIRE(world.finish(race));
    CHECK(world.dialed() == "10.0.0.1@0 10.0.0.2@10 10.0.0.3@10 ");
}

TEST_CASE("sixteen addresses of which only the last is alive are enough", "[http][dial_race]") {
    RaceWorld world;
    std::vector<std::string> addresses;
    for (int i = 1; i <= 16; ++i) {
        addresses.push_back("10.0.0." + std::to_string(i));
    }
    world.book->roads["10.0.0.16"] = connected_after(1ms);
    DialRace race = world.race(addresses);
    REQUIRE(world.finish(race));
    CHECK(world.now() == world.begun + 15 * 250ms + 1ms);
    CHECK(world.book->open == 1);
}

TEST_CASE("black holes are given up one after the other, and the last is told", "[http][dial_race]") {
    RaceWorld world;
    DialRace race = world.race({"10.0.0.1", "10.0.0.2"});
    REQUIRE_FALSE(world.finish(race));
    const StepFault& fault = world.started.outcome->error();
    CHECK(fault.kind == FailureKind::connect_failed);
    CHECK(fault.cause == asio::error::timed_out);
    CHECK(fault.message.find("cannot connect to 10.0.0.2") != std::string::npos);
    CHECK(world.now() == world.begun + 3250ms);
    CHECK(world.book->open == 0);
}

TEST_CASE("a winner of no use is followed by those that lost to it, and by nobody twice",
          "[http][dial_race]") {
    RaceWorld world;
    world.book->roads["10.0.0.1"] = connected_after(1s);
    world.book->roads["10.0.0.2"] = connected_after(100ms);
    DialRace race = world.race({"10.0.0.1", "10.0.0.2"});
    REQUIRE(world.finish(race));
    CHECK(world.started.outcome->value().stream->remote() == "10.0.0.2");
    REQUIRE(world.finish(race));
    CHECK(world.started.outcome->value().stream->remote() == "10.0.0.1");
    REQUIRE_FALSE(world.finish(race));
    CHECK(world.started.outcome->error().kind == FailureKind::none); // nobody was left
    CHECK(world.book->open == 0);
}

TEST_CASE("without a descriptor no other address begins, but who is under way may still win",
          "[http][dial_race]") {
    RaceWorld world;
    world.book->roads["10.0.0.2"] = {{}, std::make_error_code(no_descriptors), true};
    const bool saved = GENERATE(true, false);
    world.book->roads["10.0.0.1"] = saved ? connected_after(300ms) : refused_after(300ms);
    DialRace race = world.race({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
    world.finish(race);
    CHECK(world.dialed() == "10.0.0.1@0 10.0.0.2@250 ");
    CHECK(world.started.outcome->has_value() == saved);
    if (!saved) {
        CHECK(world.started.outcome->error().kind == FailureKind::resource_exhausted);
    }
}

TEST_CASE("a race ends when its call does, at any moment, and leaves nothing open", "[http][dial_race]") {
    const auto ended_by = GENERATE(0, 1, 2, 3);
    const auto after = GENERATE(0ms, 100ms, 250ms, 400ms, 3000ms, 3100ms, 3500ms);
    RaceWorld world;
    world.book->roads["10.0.0.2"] = refused_after(150ms);
    StopSignal stop;
    world.call.call.stop = &stop;
    if (ended_by == 0) {
        world.call.call.deadline = {world.begun + after, FailureKind::attempt_timeout};
    }
    start(world, world.started,
          RaceWorld::play_own(world, world.race({"10.0.0.1", "10.0.0.2", "::1", "10.0.0.3"})));
    world.run_for(after);
    REQUIRE_FALSE((ended_by != 0 && world.started.ended()));
    if (ended_by == 1) {
        world.started.cancel.emit(asio::cancellation_type::terminal);
    } else if (ended_by == 2) {
        stop.request(FailureKind::canceled);
    } else if (ended_by == 3) {
        return; // the context goes: the frame, the streams and the book go with it, or the sanitizer says so
    }
    world.run_for(0ms);
    REQUIRE(world.started.ended());
    CHECK_FALSE(world.started.outcome->has_value());
    CHECK(world.book->open == 0);
}
