#include <backstay/policy/concurrency_limit.hpp>

#include "support/catch.hpp"

#include "support/policy_call.hpp"

#include <algorithm>
#include <list>
#include <memory>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

/// A limit as a set of names and a list of those who wait, with no thought of speed or threads.
class LimitModel {
public:
    enum class State { none, waits, runs, displaced };
    struct Call {
        Priority priority;
        State state = State::none;
        int wakes = 0;
    };

    explicit LimitModel(const ConcurrencyLimitOptions& with) : options(with), limit(with.limit) {}

    State admit(Call& call) {
        if (call.state == State::waits || call.state == State::runs) {
            return call.state;
        }
        if (call.state == State::displaced) {
            call.state = State::none;
            return State::none;
        }
        if (queue.empty() && running < limit) {
            ++running;
            return call.state = State::runs;
        }
        if (queue.size() == static_cast<std::size_t>(options.max_queued) && !displace(call.priority)) {
            return State::none;
        }
        queue.push_back(&call);
        return call.state = State::waits;
    }

    void leave(Call& call) {
        if (call.state == State::runs) {
            --running;
        }
        queue.remove(&call);
        call.state = State::none;
        serve();
    }

    void set_limit(int changed) {
        limit = changed;
        serve();
    }

    ConcurrencyLimitOptions options;
    int limit;
    int running = 0;
    std::list<Call*> queue; // by arrival

private:
    bool displace(Priority by) {
        Call* victim = nullptr;
        for (Call* const waiting : queue) {
            if (waiting->priority > by && (victim == nullptr || waiting->priority >= victim->priority)) {
                victim = waiting;
            }
        }
        if (victim == nullptr) {
            return false;
        }
        queue.remove(victim);
        victim->state = State::displaced;
        ++victim->wakes;
        return true;
    }

    void serve() {
        while (!queue.empty() && running < limit) {
            Call* const next = options.order == QueueOrder::fifo ? queue.front() : queue.back();
            queue.remove(next);
            next->state = State::runs;
            ++next->wakes;
            ++running;
        }
    }
};

struct CountingTarget final : Waker::Target {
    int woken = 0;
    void wake() noexcept override { ++woken; }
};

class Run {
public:
    explicit Run(std::uint64_t seed)
        : random_(seed),
          options_{.limit = below(4) + 1,
                   .max_queued = below(5),
                   .order = below(2) == 0 ? QueueOrder::fifo : QueueOrder::lifo},
          limit_(options_),
          model_(options_) {}

    std::uint64_t play() {
        for (int step = 0; step < 80; ++step) {
            const int drawn = below(10);
            if (calls_.empty() || drawn < 5) {
                calls_.push_back(std::make_unique<Pair>(limit_, static_cast<Priority>(below(3))));
                ask(*calls_.back());
            } else if (drawn < 7) {
                ask(*calls_[pick()]);
            } else if (drawn == 7 && below(4) == 0) {
                const int changed = below(5) + 1;
                limit_.set_limit(changed);
                model_.set_limit(changed);
            } else {
                end(pick());
            }
            compare();
        }
        calls_.clear();
        REQUIRE(limit_.snapshot().in_flight == 0);
        REQUIRE(limit_.snapshot().queued == 0);
        return trace_;
    }

private:
    struct Pair {
        Pair(const ConcurrencyLimit& limit, Priority priority)
            : real(limit, now, with(priority)), model{.priority = priority} {}
        static CallSettings with(Priority priority) {
            CallSettings settings;
            settings.priority = priority;
            return settings;
        }
        TimePoint now = start_of_test;
        std::shared_ptr<CountingTarget> target = std::make_shared<CountingTarget>();
        PolicyCall<ConcurrencyLimit> real;
        LimitModel::Call model;
        bool runs = false; // it knows: it must not ask again
    };

    int below(int limit) { return static_cast<int>(random_.next() % static_cast<unsigned>(limit)); }
    std::size_t pick() { return random_.next() % calls_.size(); }

    void ask(Pair& pair) {
        if (pair.runs) {
            return;
        }
        const Admission::Answer answer = pair.real.admit().answer;
        const LimitModel::State expected = model_.admit(pair.model);
        REQUIRE(answer == (expected == LimitModel::State::runs    ? Admission::Answer::proceed
                           : expected == LimitModel::State::waits ? Admission::Answer::wait
                                                                  : Admission::Answer::reject));
        pair.runs = answer == Admission::Answer::proceed;
        if (answer == Admission::Answer::wait) {
            REQUIRE(pair.real.policy().enqueue(pair.real.mine(), Waker(pair.target)));
        }
    }

    void end(std::size_t which) {
        const std::unique_ptr<Pair> pair = std::move(calls_[which]);
        calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(which));
        model_.leave(pair->model);
        if (pair->runs && below(2) == 0) {
            pair->real.succeed();
        }
    }

    void compare() {
        const ConcurrencySnapshot real = limit_.snapshot();
        REQUIRE(real.in_flight == model_.running);
        REQUIRE(real.queued == static_cast<int>(model_.queue.size()));
        REQUIRE(real.limit == model_.limit);
        for (const auto& pair : calls_) {
            REQUIRE(pair->target->woken == pair->model.wakes);
            trace_ = (trace_ ^ static_cast<std::uint64_t>(pair->model.state)) * 0x100000001b3U;
        }
    }

    Random random_;
    ConcurrencyLimitOptions options_;
    ConcurrencyLimit limit_;
    LimitModel model_;
    std::vector<std::unique_ptr<Pair>> calls_;
    std::uint64_t trace_ = 0xcbf29ce484222325U;
};

} // namespace

TEST_CASE("the limit does what its plain model does, whatever happens", "[concurrency_limit][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        Run(seed).play();
    }
}

TEST_CASE("the same seed gives the same trace of a limit", "[concurrency_limit][model]") {
    CHECK(Run(42).play() == Run(42).play());
    CHECK(Run(42).play() != Run(43).play());
}
