#include <backstay/policy/retry_budget.hpp>

#include "support/budget_call.hpp"
#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using test::BudgetCall;

namespace {

constexpr TimePoint start{1h};

/// The budget as one would explain it: every success is kept with its time, and each is applied at once.
class PlainBudget {
public:
    explicit PlainBudget(const RetryBudgetOptions& options)
        : deposit_(static_cast<std::int64_t>(options.deposit_ratio * 1000 + 0.5)),
          minimum_(options.minimum_capacity * 1000),
          step_(options.capacity_window / 10),
          floor_step_(options.floor_interval / 1000),
          tokens_(minimum_) {}

    void move_to(TimePoint now) {
        if (floor_step_ > 0s) {
            const auto given = (now - floor_) / floor_step_;
            tokens_ += given;
            floor_ += given * floor_step_;
            cut();
        }
        const auto step = now.time_since_epoch() / step_;
        std::erase_if(successes_, [&](auto then) { return then <= step - 10; });
        now_step_ = step;
        cut();
    }
    void succeed() {
        successes_.push_back(now_step_);
        tokens_ += deposit_;
        cut();
    }
    bool withdraw() {
        if (tokens_ < 1000) {
            return false;
        }
        tokens_ -= 1000;
        return true;
    }
    void give_back() {
        tokens_ += 1000;
        cut();
    }

    [[nodiscard]] std::int64_t tokens() const { return tokens_; }
    [[nodiscard]] std::int64_t capacity() const {
        return std::max(minimum_, static_cast<std::int64_t>(successes_.size()) * deposit_);
    }

private:
    void cut() { tokens_ = std::min(tokens_, capacity()); }

    std::int64_t deposit_;
    std::int64_t minimum_;
    Duration step_;
    Duration floor_step_;
    std::int64_t tokens_;
    std::int64_t now_step_ = 0;
    TimePoint floor_ = start; // full until then, so what came earlier does not matter
    std::vector<std::int64_t> successes_;
};

std::int64_t thousandths(double retries) {
    return static_cast<std::int64_t>(retries * 1000 + 0.5);
}

/// Plays one random history on both, comparing after each event; returns a digest of what was seen.
std::uint64_t play(std::uint64_t seed) {
    static const std::array<RetryBudgetOptions, 4> variants{{
        {},
        {.deposit_ratio = 0.25, .minimum_capacity = 1, .floor_interval = 0s},
        {.minimum_capacity = 10, .capacity_window = 3s, .floor_interval = 2s},
        {.deposit_ratio = 1, .capacity_window = 60s, .floor_interval = 10min},
    }};
    static constexpr std::array<Duration, 6> pauses{0s, 0s, 1ms, 300ms, 1s, 15s};

    Random random{seed};
    const auto pick = [&](std::size_t count) { return static_cast<std::size_t>(random.next() % count); };
    const RetryBudgetOptions& options = variants[pick(variants.size())];
    const RetryBudget budget{options};
    PlainBudget model{options};
    TimePoint now = start;
    std::array<std::unique_ptr<BudgetCall>, 4> calls;
    std::array<bool, 4> waiting{}; // has withdrawn, and its repeat has not begun
    std::uint64_t digest = seed;
    std::uint64_t differences = 0;

    for (int event = 0; event < 60; ++event) {
        now += pauses[pick(pauses.size())] * static_cast<Duration::rep>(pick(4));
        model.move_to(now);
        const std::size_t slot = pick(calls.size());
        if (!calls[slot]) {
            calls[slot] = std::make_unique<BudgetCall>(budget, now);
            calls[slot]->begin_attempt();
        }
        BudgetCall& call = *calls[slot];
        switch (pick(6)) {
        case 0: // a burst of other calls succeeds
            for (std::size_t more = pick(30); more > 0; --more) {
                BudgetCall{budget, now}.succeed();
                model.succeed();
            }
            break;
        case 1:
            if (waiting[slot]) {
                call.begin_attempt();
                waiting[slot] = false;
            }
            call.succeed();
            model.succeed();
            calls[slot].reset();
            break;
        case 2: // cancelled: in its wait, or in flight
            calls[slot].reset();
            if (waiting[slot]) {
                model.give_back();
                waiting[slot] = false;
            }
            break;
        default:
            if (waiting[slot]) {
                call.begin_attempt();
            }
            call.fail();
            waiting[slot] = call.withdraw();
            differences += waiting[slot] != model.withdraw() ? 1U : 0U;
            break;
        }
        if (pick(3) == 0) { // not each time: looking folds in what is pending
            const RetryBudgetSnapshot seen = budget.snapshot(now);
            differences += thousandths(seen.tokens) != model.tokens() ? 1U : 0U;
            differences += thousandths(seen.capacity) != model.capacity() ? 1U : 0U;
            digest = digest * 31 + static_cast<std::uint64_t>(model.tokens());
        }
        if (differences != 0) {
            FAIL("seed " << seed << " differs from the model at event " << event);
        }
    }
    return digest;
}

} // namespace

TEST_CASE("the budget does what the plain model does, in ten thousand random histories",
          "[retry_budget][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        play(seed);
    }
    SUCCEED();
}

TEST_CASE("the same seed plays the same history", "[retry_budget][model]") {
    CHECK(play(17) == play(17));
    CHECK(play(17) != play(18));
}
