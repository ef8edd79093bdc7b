#include <backstay/http/single_flight_transport.hpp>

#include "support/catch.hpp"

#include "single_flight_world.hpp"

#include <backstay/core/random.hpp>

#include <array>
#include <deque>
#include <list>
#include <optional>

using namespace backstay;
using namespace backstay::test;

namespace {

/// Sharing as one would explain it: a list of exchanges, each with those who wait for it.
class SharingModel {
public:
    struct Call {
        int key;
        TimePoint deadline;
        int exchange = 0;                      ///< that it joined; 0: none
        FailureKind ended = FailureKind::none; ///< before a reply came
        bool done = false;
    };
    struct Exchange {
        int number;
        int key;
        TimePoint ends;
        bool open = true; ///< to those who come
        std::vector<Call*> aboard{};
        bool shared = false;
    };

    std::list<Exchange> under_way;
    std::vector<bool> shared{false}; ///< by number, from 1
    int begun = 0;

    template <class Time>
    void begin(Call& call, TimePoint now, Time time) {
        if (now >= call.deadline) {
            call.done = true;
            call.ended = FailureKind::attempt_timeout;
            return;
        }
        const auto joined = std::find_if(under_way.begin(), under_way.end(), [&](const Exchange& exchange) {
            return exchange.open && exchange.key == call.key;
        });
        if (joined == under_way.end()) {
            ++begun;
            under_way.push_back({.number = begun, .key = call.key, .ends = now + time(begun)});
            shared.push_back(false);
        }
        Exchange& exchange = joined == under_way.end() ? under_way.back() : *joined;
        exchange.aboard.push_back(&call);
        call.exchange = exchange.number;
        if (exchange.aboard.size() > 1 || joined != under_way.end()) {
            shared[static_cast<std::size_t>(exchange.number)] = true;
        }
    }

    void leave(Call& call, FailureKind why) {
        call.done = true;
        call.ended = why;
        for (auto exchange = under_way.begin(); exchange != under_way.end(); ++exchange) {
            if (std::erase(exchange->aboard, &call) != 0) {
                exchange->open = exchange->open && why == FailureKind::canceled;
                if (exchange->aboard.empty()) {
                    under_way.erase(exchange);
                }
                return;
            }
        }
    }

    /// Lets everything happen that is due before `now`, in order of time.
    void move_to(TimePoint now) {
        for (;;) {
            TimePoint next = now;
            Call* late = nullptr;
            Exchange* ending = nullptr;
            for (Exchange& exchange : under_way) {
                if (exchange.ends < next) {
                    next = exchange.ends;
                    ending = &exchange;
                    late = nullptr;
                }
                for (Call* const call : exchange.aboard) {
                    if (call->deadline < next) {
                        next = call->deadline;
                        late = call;
                    }
                }
            }
            if (late != nullptr) {
                leave(*late, FailureKind::attempt_timeout);
            } else if (ending != nullptr) {
                for (Call* const call : ending->aboard) {
                    call->done = true;
                }
                under_way.remove_if([&](const Exchange& exchange) { return &exchange == ending; });
            } else {
                return;
            }
        }
    }
};

class Run {
public:
    explicit Run(std::uint64_t seed) : random_(seed), salt_(seed) {
        world_.inner->time = [this](int number) { return time_of(number); };
        world_.inner->fails = [](int number) { return number % 5 == 0; };
    }

    std::uint64_t play() {
        for (int step = 0; step < 16; ++step) {
            const auto drawn = below(6);
            if (drawn < 4 || calls_.empty()) {
                begin();
            } else if (drawn == 4) {
                cancel();
            }
            world_.run_for(0s);
            compare();
            if (below(2) == 0) {
                const Duration pause = Duration{1ms} + some_time(60);
                world_.run_for(pause);
                model_.move_to(world_.now());
                compare();
            }
        }
        world_.run();
        model_.move_to(end_of_time);
        compare();
        REQUIRE(
            std::all_of(calls_.begin(), calls_.end(), [](const Pair& pair) { return pair.real.ended(); }));
        REQUIRE(world_.runtime.armed() == 0);
        return trace_;
    }

private:
    struct Pair {
        explicit Pair(int key, TimePoint deadline)
            : real("GET", "https://ledger.test/" + std::to_string(key)),
              model{.key = key, .deadline = deadline} {
            if (deadline != end_of_time) {
                real.call.deadline = {.at = deadline, .kind = FailureKind::attempt_timeout};
            }
        }
        Exchanged real;
        SharingModel::Call model;
    };

    std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }
    /// To the nanosecond, so that no two things happen at the same time.
    Duration some_time(std::uint64_t milliseconds) {
        return Duration{static_cast<Duration::rep>(below(milliseconds * 1'000'000))};
    }
    [[nodiscard]] Duration time_of(int number) const {
        return Duration{1ms} + Duration{static_cast<Duration::rep>(
                                   Random{salt_ + static_cast<std::uint64_t>(number)}.next() % 80'000'000)};
    }

    void begin() {
        const TimePoint deadline = below(3) == 0 ? world_.now() + some_time(60) : end_of_time;
        Pair& pair = calls_.emplace_back(static_cast<int>(below(2)), deadline);
        world_.begin(pair.real);
        model_.begin(pair.model, world_.now(), [this](int number) { return time_of(number); });
    }

    void cancel() {
        Pair& pair = calls_[below(calls_.size())];
        if (!pair.model.done) {
            world_.cancel(pair.real);
            model_.leave(pair.model, FailureKind::canceled);
        }
    }

    void compare() {
        REQUIRE(world_.inner->seen.size() == static_cast<std::size_t>(model_.begun));
        REQUIRE(world_.inner->live == static_cast<int>(model_.under_way.size()));
        const auto open = std::count_if(model_.under_way.begin(), model_.under_way.end(),
                                        [](const auto& exchange) { return exchange.open; });
        REQUIRE(world_.transport.in_flight() == static_cast<std::size_t>(open));
        REQUIRE(std::all_of(calls_.begin(), calls_.end(), [this](const Pair& pair) { return alike(pair); }));
    }

    bool alike(const Pair& pair) {
        if (pair.real.ended() != pair.model.done) {
            return false;
        }
        if (!pair.model.done) {
            return true;
        }
        note(static_cast<std::uint64_t>(pair.real.kind()));
        if (pair.model.ended != FailureKind::none) {
            return pair.real.kind() == pair.model.ended;
        }
        const auto number = static_cast<std::size_t>(pair.model.exchange);
        note(number);
        if (number % 5 == 0) {
            return pair.real.kind() == FailureKind::connection_lost &&
                   pair.real.outcome().error().detail()->exchange.shared == model_.shared[number];
        }
        return pair.real.ok() && pair.real.response().body() == std::to_string(number) &&
               pair.real.response().exchange().shared == model_.shared[number];
    }

    void note(std::uint64_t what) { trace_ = (trace_ ^ what) * 0x100000001b3U; }

    Random random_;
    std::uint64_t salt_;
    FlightWorld world_;
    SharingModel model_;
    std::deque<Pair> calls_;
    std::uint64_t trace_ = 0xcbf29ce484222325U;
};

} // namespace

TEST_CASE("exchanges are shared as the plain model shares them, whatever happens", "[single_flight][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        Run(seed).play();
    }
}

TEST_CASE("the same seed gives the same trace of shared exchanges", "[single_flight][model]") {
    CHECK(Run(42).play() == Run(42).play());
    CHECK(Run(42).play() != Run(43).play());
}
