#include <backstay/policy/rate_limiter.hpp>

#include "support/catch.hpp"

#include "rate_limiter_bench.hpp"

#include <algorithm>
#include <memory>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// A limiter as a bucket that fills as time passes and a list of those who wait, with no thought of speed or
/// threads.
class LimiterModel {
public:
    struct Call {
        Priority priority = Priority::normal;
        TimePoint last{};
        bool waits = false;
        bool refused = false;
        bool called = false;
    };
    struct Answer {
        Admission::Answer kind = Admission::Answer::proceed;
        TimePoint until = end_of_time;
        Duration hint{0};
    };

    LimiterModel(const RateLimiterOptions& with, TimePoint now)
        : options(with), token(with.period / with.rate), level(token * with.burst), filled_at(now) {}

    Answer admit(Call& mine, TimePoint now, TimePoint deadline) {
        fill(now);
        mine.called = false;
        if (mine.waits || mine.refused) {
            return again(mine, now);
        }
        const auto before = static_cast<std::size_t>(
            std::count_if(line.begin(), line.end(), [&](Call* c) { return c->priority <= mine.priority; }));
        const TimePoint at = token_at(before, now);
        Call* const head = line.empty() ? nullptr : line.front();
        if (before == 0 && level >= token) {
            level -= token;
        } else {
            mine.last = std::min(now + options.max_wait, deadline - Duration(1));
            if (at > mine.last) {
                return {Admission::Answer::reject, end_of_time, at - now};
            }
            if (line.size() >= static_cast<std::size_t>(options.max_queued)) {
                if (line.empty() || line.back()->priority <= mine.priority) {
                    return {Admission::Answer::reject, end_of_time, at - now};
                }
                refuse(line.size() - 1);
            }
            line.insert(line.begin() + static_cast<std::ptrdiff_t>(before), &mine);
            mine.waits = true;
        }
        for (std::size_t i = before; i < line.size();) { // those who are served later now
            if (line[i] != &mine && token_at(i, now) > line[i]->last) {
                refuse(i);
            } else {
                ++i;
            }
        }
        if (!line.empty() && line.front() != head && line.front() != &mine) {
            line.front()->called = true;
        }
        return mine.waits ? Answer{Admission::Answer::wait, before == 0 ? at : end_of_time} : Answer{};
    }

    void leave(Call& mine) {
        const auto place = std::find(line.begin(), line.end(), &mine);
        if (place != line.end()) {
            const bool head = place == line.begin();
            line.erase(place);
            if (head && !line.empty()) {
                line.front()->called = true;
            }
        }
        mine.waits = mine.refused = false;
    }

    [[nodiscard]] int tokens(TimePoint now) {
        fill(now);
        return static_cast<int>(level / token);
    }

    RateLimiterOptions options;
    Duration token;
    std::vector<Call*> line; ///< in the order in which they are served

private:
    void fill(TimePoint now) {
        level = std::min(level + (now - filled_at), token * options.burst);
        filled_at = now;
    }
    [[nodiscard]] TimePoint token_at(std::size_t before, TimePoint now) const {
        return now + std::max(token * static_cast<Duration::rep>(before + 1) - level, Duration(0));
    }
    void refuse(std::size_t place) {
        Call& victim = *line[place];
        line.erase(line.begin() + static_cast<std::ptrdiff_t>(place));
        victim.waits = false;
        victim.refused = victim.called = true;
    }
    Answer again(Call& mine, TimePoint now) {
        if (mine.refused) {
            const auto before = static_cast<std::size_t>(std::count_if(
                line.begin(), line.end(), [&](Call* c) { return c->priority <= mine.priority; }));
            mine.refused = false;
            return {Admission::Answer::reject, end_of_time, token_at(before, now) - now};
        }
        if (line.front() != &mine) {
            return {Admission::Answer::wait, end_of_time};
        }
        if (level < token) {
            return {Admission::Answer::wait, token_at(0, now)};
        }
        level -= token;
        leave(mine);
        return {};
    }

    Duration level;
    TimePoint filled_at;
};

RateLimiterOptions draw_options(Random& random) {
    const auto below = [&random](int limit) {
        return static_cast<int>(random.next() % static_cast<unsigned>(limit));
    };
    return {.rate = 1 << below(6),
            .period = 1s,
            .burst = 1 + below(5),
            .max_wait = std::chrono::milliseconds(below(4) == 0 ? 0 : below(3'000)),
            .max_queued = below(8),
            .key = below(2) == 0 ? by_client : nullptr};
}

/// One seed: random options, then random calls against limiter and model side by side.
class Run {
public:
    explicit Run(std::uint64_t seed)
        : random_(seed), bench_(draw_options(random_)), model_(bench_.limiter.options(), bench_.now) {}

    /// Plays it; a number that depends on all that happened.
    std::uint64_t play() {
        for (int step = 0; step < 80; ++step) {
            switch (below(8)) {
            case 0:
            case 1:
            case 2:
            case 3:
                begin();
                break;
            case 4:
                ask_due();
                break;
            case 5:
            case 6:
                bench_.now += std::chrono::milliseconds(below(below(8) == 0 ? 5'000 : 200));
                if (below(4) != 0) { // else they come late
                    ask_due();
                }
                break;
            default:
                by_chance();
            }
            compare();
        }
        while (!waiting_.empty()) {
            bench_.now += 10ms;
            ask_due();
        }
        REQUIRE(ended_ == begun_);
        check_windows();
        return trace_;
    }

private:
    struct Pair {
        Pair(RateLimiterBench& bench, Priority priority, TimePoint deadline)
            : real(bench.caller(priority, deadline)), model{.priority = priority} {}
        std::unique_ptr<RateLimiterBench::Caller> real;
        LimiterModel::Call model;
    };

    int below(int limit) { return static_cast<int>(random_.next() % static_cast<unsigned>(limit)); }
    void note(std::uint64_t what) { trace_ = (trace_ ^ what) * 0x100000001b3U; }

    void begin() {
        const TimePoint deadline =
            below(2) == 0 ? end_of_time : bench_.now + std::chrono::milliseconds(below(2'000));
        ++begun_;
        ask(std::make_unique<Pair>(bench_, static_cast<Priority>(below(3)), deadline));
    }

    void ask(std::unique_ptr<Pair> pair) {
        const LimiterModel::Answer expected =
            model_.admit(pair->model, bench_.now, pair->real->call.settings.deadline.at);
        const Admission& answer = pair->real->ask();
        REQUIRE(answer.answer == expected.kind);
        REQUIRE(answer.failure.hint == expected.hint);
        note(static_cast<std::uint64_t>(answer.failure.hint.count()) * 4 +
             static_cast<std::uint64_t>(answer.answer));
        if (waits(answer)) {
            REQUIRE(answer.until == expected.until);
            waiting_.push_back(std::move(pair));
            return;
        }
        ++ended_;
        if (proceeds(answer)) {
            passed_.push_back(bench_.now);
        }
    }

    std::unique_ptr<Pair> take(std::size_t which) {
        std::unique_ptr<Pair> pair = std::move(waiting_[which]);
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(which));
        return pair;
    }

    /// Asks all again whom the driver would, in a random order.
    void ask_due() {
        for (;;) {
            std::vector<std::size_t> due;
            for (std::size_t i = 0; i < waiting_.size(); ++i) {
                if (waiting_[i]->real->due()) {
                    due.push_back(i);
                }
            }
            if (due.empty()) {
                return;
            }
            ask(take(due[random_.next() % due.size()]));
        }
    }

    void by_chance() {
        if (waiting_.empty()) {
            return;
        }
        const std::unique_ptr<Pair> pair = take(random_.next() % waiting_.size());
        if (below(4) == 0) { // asks too soon
            const LimiterModel::Answer expected = model_.admit(pair->model, bench_.now, end_of_time);
            REQUIRE(pair->real->ask().answer == expected.kind);
            passed_.insert(passed_.end(), proceeds(pair->real->answer) ? 1 : 0, bench_.now);
        }
        model_.leave(pair->model);
        pair->real->leave();
        ++ended_;
    }

    void compare() {
        const RateLimiterSnapshot real = bench_.snapshot();
        REQUIRE(real.tokens == model_.tokens(bench_.now));
        REQUIRE(real.queued == static_cast<int>(model_.line.size()));
        for (const auto& pair : waiting_) {
            REQUIRE(pair->real->woken() == pair->model.called);
        }
        note(static_cast<std::uint64_t>(real.tokens) + 8 * static_cast<std::uint64_t>(real.queued));
    }

    /// Every stretch of time holds at most the burst and what the rate gives in it.
    void check_windows() const {
        const auto burst = static_cast<Duration::rep>(model_.options.burst);
        bool kept = true;
        for (std::size_t first = 0; first < passed_.size(); ++first) {
            for (std::size_t last = first; last < passed_.size(); ++last) {
                const auto calls = static_cast<Duration::rep>(last - first + 1);
                kept = kept && (calls - burst) * model_.token <= passed_[last] - passed_[first];
            }
        }
        REQUIRE(kept);
    }

    Random random_;
    RateLimiterBench bench_;
    LimiterModel model_;
    std::vector<std::unique_ptr<Pair>> waiting_;
    std::vector<TimePoint> passed_;
    int begun_ = 0;
    int ended_ = 0;
    std::uint64_t trace_ = 0xcbf29ce484222325U;
};

} // namespace

TEST_CASE("the limiter does what its plain model does, and no stretch of time holds too many calls",
          "[rate_limiter][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        Run(seed).play();
    }
}

TEST_CASE("the same seed gives the same trace of a limiter", "[rate_limiter][model]") {
    CHECK(Run(42).play() == Run(42).play());
    CHECK(Run(42).play() != Run(43).play());
}
