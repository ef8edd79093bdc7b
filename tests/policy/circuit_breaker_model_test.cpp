#include <backstay/policy/circuit_breaker.hpp>

#include "support/catch.hpp"

#include "breaker_model.hpp"
#include "breaker_test_bench.hpp"

#include <memory>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

CircuitBreakerOptions draw_options(Random& random) {
    const auto below = [&random](int limit) {
        return static_cast<int>(random.next() % static_cast<unsigned>(limit));
    };
    CircuitBreakerOptions options;
    options.unkeyed = below(4) != 0;
    options.window = static_cast<CircuitWindow>(below(3));
    options.window_length = std::chrono::seconds(1 + below(20));
    options.window_calls = 4 + below(12);
    options.minimum_calls = 1 + below(options.window_calls);
    options.failure_ratio = 0.2 + 0.1 * below(9);
    options.consecutive_failures = below(5) + (options.window == CircuitWindow::consecutive ? 1 : 0);
    options.slow_ratio = below(3) == 0 ? 0.5 : 0;
    options.slow_after = 300ms;
    options.open_for = std::chrono::seconds(1 + below(4));
    options.longest_open_for = options.open_for * (1 + below(6));
    options.max_open = options.longest_open_for * 2;
    options.probes = 1 + below(3);
    options.probe_successes = 1 + below(3);
    options.probe_lease = std::chrono::seconds(2 + below(10));
    options.wait_for_probe = below(4) == 0;
    return options;
}

/// One seed: random options, then random calls against breaker and model side by side.
class Run {
public:
    explicit Run(std::uint64_t seed)
        : random_(seed), bench_(draw_options(random_)), model_(bench_.breaker.options()) {}

    /// Plays it; a number that depends on all that happened.
    std::uint64_t play() {
        for (int step = 0; step < 60; ++step) {
            switch (random_.next() % 8) {
            case 0:
            case 1:
            case 2:
                begin();
                break;
            case 3:
            case 4:
            case 5:
                end();
                break;
            case 6:
                bench_.now += std::chrono::milliseconds(random_.next() % 8 == 0 ? random_.next() % 20'000
                                                                                : random_.next() % 1'000);
                break;
            default:
                if (random_.next() % 16 == 0) {
                    bench_.breaker.close();
                    model_.close_by_hand();
                }
            }
            compare();
        }
        return trace_;
    }

private:
    struct Pair {
        explicit Pair(BreakerBench& bench, std::uint64_t seed)
            : real(bench.breaker, bench.now, bench.settings, seed) {}
        BreakerBench::Started real;
        BreakerModel::Permit model{};
    };

    void note(std::uint64_t what) { trace_ = (trace_ ^ what) * 0x100000001b3U; }

    void begin() {
        auto pair = std::make_unique<Pair>(bench_, random_.next());
        const Admission real = pair->real.admit();
        const BreakerModel::Answer model = model_.admit(pair->model, bench_.now);
        REQUIRE(static_cast<int>(real.answer) == (model.kind == BreakerModel::Answer::Kind::proceed
                                                      ? static_cast<int>(Admission::Answer::proceed)
                                                  : model.kind == BreakerModel::Answer::Kind::refuse
                                                      ? static_cast<int>(Admission::Answer::reject)
                                                      : static_cast<int>(Admission::Answer::wait)));
        REQUIRE(real.until == model.until);
        REQUIRE(real.failure.hint == model.hint);
        note(static_cast<std::uint64_t>(real.failure.hint.count()));
        if (proceeds(real)) {
            pair->real.begin_attempt();
            calls_.push_back(std::move(pair));
        }
    }

    void end() {
        if (calls_.empty()) {
            return;
        }
        const std::size_t which = random_.next() % calls_.size();
        const std::unique_ptr<Pair> pair = std::move(calls_[which]);
        calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(which));
        if (random_.next() % 8 == 0) {
            model_.abandon(pair->model);
            return; // and the real one with the end of this scope
        }
        const std::vector<Failure> failures{
            reply(500),
            reply(503, std::chrono::seconds(random_.next() % 30)),
            lost(FailureKind::connection_lost),
            lost(FailureKind::deadline_exceeded),
            reply(404),
            lost(FailureKind::canceled),
            lost(FailureKind::canceled, Reach::answered),
            refusal(FailureKind::concurrency_rejected, RefusedBy::concurrency_limit, 0s)};
        const std::size_t drawn = random_.next() % (2 * failures.size());
        const Failure* const failure = drawn < failures.size() ? &failures[drawn] : nullptr;
        Random same = pair->real.random;
        model_.settle(pair->model, bench_.now, pair->real.context.attempt_began, failure, same);
        REQUIRE(pair->real.settle(failure).answer == Verdict::Answer::pass);
    }

    void compare() {
        const CircuitSnapshot real = bench_.snapshot();
        const BreakerModel::Counts counts = model_.counts(bench_.now);
        REQUIRE(real.state == model_.state_at(bench_.now));
        REQUIRE(real.calls == counts.calls);
        REQUIRE(real.failures == counts.failures);
        REQUIRE(real.slow == counts.slow);
        REQUIRE(real.failures_in_a_row == model_.in_a_row);
        REQUIRE(real.openings == model_.openings);
        REQUIRE(real.probes_out == model_.probes_out(bench_.now));
        REQUIRE(real.probe_successes == static_cast<std::uint32_t>(model_.successes));
        REQUIRE(real.next_change == (real.state == CircuitState::open ? model_.open_until : end_of_time));
        note(static_cast<std::uint64_t>(real.state) + 4 * real.calls);
    }

    Random random_;
    BreakerBench bench_;
    BreakerModel model_;
    std::vector<std::unique_ptr<Pair>> calls_;
    std::uint64_t trace_ = 0xcbf29ce484222325U;
};

} // namespace

TEST_CASE("the breaker does what its plain model does, whatever happens", "[circuit_breaker][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        Run(seed).play();
    }
}

TEST_CASE("the same seed gives the same trace", "[circuit_breaker][model]") {
    CHECK(Run(42).play() == Run(42).play());
    CHECK(Run(42).play() != Run(43).play());
}
