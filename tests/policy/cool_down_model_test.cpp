#include <backstay/policy/cool_down.hpp>

#include "support/catch.hpp"

#include "cool_down_bench.hpp"
#include "cool_down_model.hpp"

#include <memory>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

CoolDownOptions draw_options(Random& random) {
    const auto below = [&random](int limit) {
        return static_cast<int>(random.next() % static_cast<unsigned>(limit));
    };
    CoolDownOptions options;
    options.max_cool_down = std::chrono::seconds(5 + below(60));
    options.unavailable_count = 1 + below(4);
    options.unavailable_window = std::chrono::seconds(1 + below(15));
    options.probe_every = std::chrono::seconds(1 + below(8));
    options.probe_lease = std::chrono::seconds(1 + below(20));
    options.spread_ratio = 0.1 * below(4);
    options.spread_max = std::chrono::milliseconds(500 * below(5));
    options.key = below(2) == 0 ? by_client : nullptr;
    return options;
}

/// One seed: random options, then random calls against gate and model side by side.
class Run {
public:
    explicit Run(std::uint64_t seed)
        : random_(seed), bench_(draw_options(random_)), model_(bench_.cool_down.options()) {}

    /// Plays it; a number that depends on all that happened.
    std::uint64_t play() {
        for (int step = 0; step < 70; ++step) {
            switch (below(8)) {
            case 0:
            case 1:
                begin();
                break;
            case 2:
            case 3:
            case 4:
                end();
                break;
            case 5:
                ask_due();
                break;
            case 6:
                bench_.now += std::chrono::milliseconds(below(below(8) == 0 ? 20'000 : 2'000));
                if (below(4) != 0) { // else they come late
                    ask_due();
                }
                break;
            default:
                by_chance();
            }
            compare();
        }
        finish();
        return trace_;
    }

private:
    struct Pair {
        Pair(CoolDownBench& bench, const CallSettings& settings, std::uint64_t seed)
            : real(bench.cool_down, bench.now, settings, seed) {}
        CoolDownBench::Caller real;
        CoolDownModel::Call model{};
    };

    int below(int limit) { return static_cast<int>(random_.next() % static_cast<unsigned>(limit)); }
    void note(std::uint64_t what) { trace_ = (trace_ ^ what) * 0x100000001b3U; }

    void begin() {
        CallSettings settings = bench_.settings;
        if (below(3) != 0) {
            settings.deadline.at = bench_.now + std::chrono::milliseconds(below(60'000));
        }
        auto pair = std::make_unique<Pair>(bench_, settings, random_.next());
        if (below(4) == 0) { // one that comes back after a wait
            pair->real.call.context.served_wait_until = bench_.now - std::chrono::milliseconds(below(500));
        }
        ++begun_;
        ask(std::move(pair));
    }

    void ask(std::unique_ptr<Pair> pair) {
        Random same = pair->real.call.random;
        const CallContext& context = pair->real.call.context;
        const CoolDownModel::Answer expected = model_.admit(
            pair->model, bench_.now, pair->real.call.settings.deadline.at, context.served_wait_until, same);
        const Admission& answer = pair->real.ask();
        REQUIRE(answer.answer == expected.kind);
        REQUIRE(answer.failure.hint == expected.hint);
        note(static_cast<std::uint64_t>(answer.until.time_since_epoch().count() ^
                                        answer.failure.hint.count()));
        if (waits(answer)) {
            REQUIRE(answer.until == expected.until);
            REQUIRE(answer.until > bench_.now);
            held_.push_back(std::move(pair));
        } else if (proceeds(answer)) {
            pair->real.call.begin_attempt();
            under_way_.push_back(std::move(pair));
        } else {
            ++ended_;
        }
    }

    std::unique_ptr<Pair> take(std::vector<std::unique_ptr<Pair>>& from, std::size_t which) {
        std::unique_ptr<Pair> pair = std::move(from[which]);
        from.erase(from.begin() + static_cast<std::ptrdiff_t>(which));
        return pair;
    }

    /// Ends one that passed.
    void end() {
        if (under_way_.empty()) {
            return;
        }
        const std::unique_ptr<Pair> pair = take(under_way_, random_.next() % under_way_.size());
        ++ended_;
        if (below(8) == 0) {
            model_.leave(pair->model);
            pair->real.leave();
            return;
        }
        const std::vector<Failure> failures{
            reply(429, std::chrono::seconds(below(30))),
            reply(503, std::chrono::seconds(below(30))),
            reply(503, std::chrono::seconds(below(90))),
            reply(503),
            reply(429),
            reply(404),
            lost(),
            lost(FailureKind::canceled),
            lost(FailureKind::canceled, Reach::answered),
            refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 5s)};
        const auto drawn = static_cast<std::size_t>(below(15));
        const Failure* const failure =
            drawn < failures.size() ? &failures[drawn] : (drawn < 13 ? &failures[1] : nullptr);
        model_.settle(pair->model, bench_.now, failure);
        pair->real.call.settle(failure);
    }

    /// Asks all again whom the driver would, in a random order.
    void ask_due() {
        for (;;) {
            std::vector<std::size_t> due;
            for (std::size_t i = 0; i < held_.size(); ++i) {
                if (held_[i]->real.due()) {
                    due.push_back(i);
                }
            }
            if (due.empty()) {
                return;
            }
            ask(take(held_, due[random_.next() % due.size()]));
        }
    }

    void by_chance() {
        if (below(20) == 0) {
            model_.clear();
            bench_.cool_down.clear();
        } else if (!held_.empty()) {
            const std::size_t which = random_.next() % held_.size();
            if (below(2) == 0) { // asks too soon
                ask(take(held_, which));
            } else { // leaves
                const std::unique_ptr<Pair> pair = take(held_, which);
                model_.leave(pair->model);
                pair->real.leave();
                ++ended_;
            }
        }
    }

    void compare() {
        const CoolDownSnapshot real = bench_.snapshot();
        const bool closed = bench_.now < model_.end();
        REQUIRE(real.state == (closed ? CoolDownState::closed : CoolDownState::open));
        REQUIRE(real.cause == model_.cause(bench_.now));
        REQUIRE(real.remaining == (closed ? model_.end() - bench_.now : 0s));
        REQUIRE(real.next_chance ==
                (closed ? std::min(model_.end(), model_.next_probe(bench_.now)) : bench_.now));
        REQUIRE(real.waiting == model_.line.size());
        REQUIRE(real.probe_out == model_.probe_out(bench_.now));
        REQUIRE(real.closings == model_.closings);
        for (const auto& pair : held_) {
            REQUIRE(pair->real.woken() == pair->model.called);
        }
        note(static_cast<std::uint64_t>(real.remaining.count()) + real.waiting);
    }

    /// Lets time pass until nobody waits: every call ends once.
    void finish() {
        while (!held_.empty()) {
            ask_due();
            bench_.now += 500ms;
        }
        ended_ += static_cast<int>(under_way_.size());
        REQUIRE(ended_ == begun_);
        REQUIRE(bench_.snapshot().waiting == 0);
    }

    Random random_;
    CoolDownBench bench_;
    CoolDownModel model_;
    std::vector<std::unique_ptr<Pair>> held_;
    std::vector<std::unique_ptr<Pair>> under_way_;
    int begun_ = 0;
    int ended_ = 0;
    std::uint64_t trace_ = 0xcbf29ce484222325U;
};

} // namespace

TEST_CASE("the gate does what its plain model does, whatever happens", "[cool_down][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        Run(seed).play();
    }
}

TEST_CASE("the same seed gives the same trace of a gate", "[cool_down][model]") {
    CHECK(Run(42).play() == Run(42).play());
    CHECK(Run(42).play() != Run(43).play());
}
