#include <backstay/policy/concurrency_limit.hpp>

#include "support/catch.hpp"

#include "limit_model.hpp"
#include "support/policy_call.hpp"

#include <memory>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

class Run {
public:
    explicit Run(std::uint64_t seed)
        : random_(seed),
          options_{.limit = below(4) + 1,
                   .max_queued = below(5),
                   .order = below(2) == 0 ? QueueOrder::fifo : QueueOrder::lifo},
          limit_(options_),
          model_(options_.limit, options_.max_queued, options_.order) {}

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
