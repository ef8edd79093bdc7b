#include <backstay/policy/adaptive_concurrency.hpp>

#include "support/catch.hpp"

#include "limit_model.hpp"
#include "support/policy_call.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// The laws as one would explain them: all that a window saw is kept until it ends.
class LawModel {
public:
    explicit LawModel(const AdaptiveConcurrencyOptions& with) : options(with), limit(with.limit.initial) {}

    void note(TimePoint now, Duration took, int in_flight, bool dropped) {
        if (options.algorithm == LimitAlgorithm::aimd) {
            if (dropped || took > options.aimd.timeout) {
                limit = std::min(limit - 1, std::floor(limit * options.aimd.backoff_ratio));
            } else if (2 * in_flight >= limit) {
                limit += 1;
            }
        } else {
            note_window(now, took, in_flight, dropped);
        }
        limit = std::clamp<double>(limit, options.limit.min, options.limit.max);
    }

    AdaptiveConcurrencyOptions options;
    double limit;
    double long_rtt = 0;
    double short_rtt = 0;

private:
    struct Seen {
        double took;
        int in_flight;
        bool dropped;
    };

    void note_window(TimePoint now, Duration took, int in_flight, bool dropped) {
        if (!end) {
            end = now + options.gradient2.window;
        }
        seen.push_back({std::max(1.0, static_cast<double>(took.count())), in_flight, dropped});
        if (now < *end || seen.size() < static_cast<std::size_t>(options.gradient2.window_samples)) {
            return;
        }
        double sum = 0;
        int drops = 0;
        int most = 0;
        for (const Seen& one : seen) {
            sum += one.dropped ? 0 : one.took;
            drops += one.dropped ? 1 : 0;
            most = std::max(most, one.in_flight);
        }
        const int samples = static_cast<int>(seen.size()) - drops;
        double gradient = 1;
        if (samples > 0) {
            short_rtt = sum / samples;
            ++windows;
            const double share = windows <= 10 ? 1.0 / windows : 2.0 / (1 + options.gradient2.long_window);
            long_rtt = long_rtt * (1 - share) + short_rtt * share;
            gradient = options.gradient2.tolerance * long_rtt / short_rtt;
            long_rtt *= long_rtt / short_rtt > 2 ? 0.95 : 1;
        }
        gradient = std::min({gradient, 1.0, 1 - drops / static_cast<double>(seen.size())});
        gradient = std::max(gradient, 0.5);
        const double moved = (gradient - 1) * limit + std::sqrt(limit);
        if (2 * most >= limit || (drops > 0 && moved < 0)) {
            limit += options.gradient2.smoothing * moved;
        }
        seen.clear();
        end = now + options.gradient2.window;
    }

    std::vector<Seen> seen;
    std::optional<TimePoint> end;
    int windows = 0;
};

class Run {
public:
    explicit Run(std::uint64_t seed)
        : random_(seed),
          policy_(draw_options()),
          law_(policy_.options()),
          queue_(policy_.options().limit.initial, policy_.options().max_queued, policy_.options().order) {}

    std::uint64_t play() {
        for (int step = 0; step < 80; ++step) {
            now_ += std::chrono::milliseconds(below(40));
            const int drawn = below(10);
            if (calls_.empty() || drawn < 5) {
                calls_.push_back(std::make_unique<Pair>(policy_, now_, static_cast<Priority>(below(3))));
                ask(*calls_.back());
            } else if (drawn < 6) {
                ask(*calls_[pick()]);
            } else {
                end(pick());
            }
            compare();
        }
        calls_.clear();
        REQUIRE(policy_.snapshot().in_flight == 0);
        REQUIRE(policy_.snapshot().queued == 0);
        return trace_;
    }

private:
    struct Pair {
        Pair(const AdaptiveConcurrency& policy, TimePoint& now, Priority priority)
            : real(policy, now, with(priority)), model{.priority = priority} {}
        static CallSettings with(Priority priority) {
            CallSettings settings;
            settings.priority = priority;
            return settings;
        }
        std::shared_ptr<CountingTarget> target = std::make_shared<CountingTarget>();
        PolicyCall<AdaptiveConcurrency> real;
        LimitModel::Call model;
        bool runs = false;
    };

    int below(int limit) { return static_cast<int>(random_.next() % static_cast<unsigned>(limit)); }
    std::size_t pick() { return random_.next() % calls_.size(); }

    AdaptiveConcurrencyOptions draw_options() {
        AdaptiveConcurrencyOptions options;
        options.algorithm = below(2) == 0 ? LimitAlgorithm::gradient2 : LimitAlgorithm::aimd;
        options.limit.min = 1 + below(3);
        options.limit.initial = options.limit.min + below(4);
        options.limit.max = options.limit.initial + below(6);
        options.gradient2 = {.smoothing = 0.2 + 0.2 * below(5),
                             .long_window = 1 + below(20),
                             .tolerance = 1 + 0.25 * below(4),
                             .window = 50ms * below(4),
                             .window_samples = 1 + below(4)};
        options.aimd = {.backoff_ratio = 0.5 + 0.1 * below(5), .timeout = 100ms * (1 + below(5))};
        options.max_queued = below(5);
        options.order = below(2) == 0 ? QueueOrder::fifo : QueueOrder::lifo;
        return options;
    }

    void ask(Pair& pair) {
        if (pair.runs) {
            return;
        }
        const Admission::Answer answer = pair.real.admit().answer;
        const LimitModel::State expected = queue_.admit(pair.model);
        REQUIRE(answer == (expected == LimitModel::State::runs    ? Admission::Answer::proceed
                           : expected == LimitModel::State::waits ? Admission::Answer::wait
                                                                  : Admission::Answer::reject));
        pair.runs = answer == Admission::Answer::proceed;
        if (pair.runs) {
            pair.real.begin_attempt();
        } else if (answer == Admission::Answer::wait) {
            REQUIRE(pair.real.policy().enqueue(pair.real.mine(), Waker(pair.target)));
        }
    }

    void end(std::size_t which) {
        const std::unique_ptr<Pair> pair = std::move(calls_[which]);
        calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(which));
        const int in_flight = queue_.running;
        queue_.leave(pair->model);
        const int drawn = below(8);
        if (!pair->runs || drawn == 0) {
            return; // cancelled
        }
        const Failure outcomes[] = {reply(503), lost(FailureKind::attempt_timeout), reply(404), lost()};
        const Failure* const failure = drawn <= 4 ? &outcomes[drawn - 1] : nullptr;
        const Duration took = now_ - pair->real.context.attempt_began;
        pair->real.settle(failure);
        const bool cut = failure != nullptr && failure->kind == FailureKind::attempt_timeout;
        if (drawn == 3 || drawn == 4 || (cut && took <= 0s)) {
            return;
        }
        law_.note(now_, took, in_flight, failure != nullptr);
        // A limit that is whole but for the last bit may be cut either way; the queue goes by the real one.
        const int learned = policy_.snapshot().limit;
        REQUIRE(std::abs(law_.limit - learned - 0.5) < 0.5 + 1e-6);
        queue_.set_limit(learned);
    }

    void compare() {
        const AdaptiveConcurrencySnapshot real = policy_.snapshot();
        REQUIRE(real.in_flight == queue_.running);
        REQUIRE(real.queued == static_cast<int>(queue_.queue.size()));
        REQUIRE(real.limit == queue_.limit);
        REQUIRE(std::abs(static_cast<double>(real.short_rtt.count()) - law_.short_rtt) < 2);
        REQUIRE(std::abs(static_cast<double>(real.long_rtt.count()) - law_.long_rtt) < 2);
        for (const auto& pair : calls_) {
            REQUIRE(pair->target->woken == pair->model.wakes);
            trace_ = (trace_ ^ static_cast<std::uint64_t>(pair->model.state)) * 0x100000001b3U;
        }
        trace_ ^= static_cast<std::uint64_t>(real.limit);
    }

    Random random_;
    TimePoint now_ = start_of_test;
    AdaptiveConcurrency policy_;
    LawModel law_;
    LimitModel queue_;
    std::vector<std::unique_ptr<Pair>> calls_;
    std::uint64_t trace_ = 0xcbf29ce484222325U;
};

} // namespace

TEST_CASE("the adaptive limit does what its plain model does, whatever happens",
          "[adaptive_concurrency][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        Run(seed).play();
    }
}

TEST_CASE("the same seed gives the same trace of an adaptive limit", "[adaptive_concurrency][model]") {
    CHECK(Run(42).play() == Run(42).play());
    CHECK(Run(42).play() != Run(43).play());
}
