#include <backstay/policy/aws_retry_budget.hpp>
#include <backstay/policy/finagle_retry_budget.hpp>
#include <backstay/policy/grpc_retry_budget.hpp>

#include "support/budget_call.hpp"
#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using test::BudgetCall;

namespace {

constexpr TimePoint start{1h};
constexpr Failure transient{.kind = FailureKind::server_error, .status = 500};
constexpr Failure throttled{.kind = FailureKind::rate_limited, .status = 429};

/// A kind of budget as one would explain it.
struct Plain {
    /// What a call has taken, and when.
    struct Taken {
        double tokens = 0;
        TimePoint at{};
        bool waits = false; ///< its repeat has not begun
    };

    Plain() = default;
    Plain(const Plain&) = delete;
    Plain& operator=(const Plain&) = delete;
    virtual ~Plain() = default;
    virtual void succeed(TimePoint now, const Taken& taken) = 0;
    virtual void fail(TimePoint now, const Taken& taken) = 0;
    virtual bool withdraw(TimePoint now, const Failure& failure, Taken& taken) = 0;
    virtual void give_back(const Taken& taken) = 0;
    /// As `RetryBudget::tokens` tells it.
    virtual double tokens(TimePoint now) = 0;
};

struct PlainGrpc final : Plain {
    explicit PlainGrpc(const GrpcRetryBudgetOptions& with) : options(with), count(with.max_tokens) {}
    void succeed(TimePoint, const Taken&) override {
        count = std::min<double>(options.max_tokens, count + options.token_ratio);
    }
    void fail(TimePoint, const Taken&) override { count = std::max(0.0, count - 1); }
    bool withdraw(TimePoint, const Failure&, Taken& taken) override {
        taken.tokens = 1;
        return count > options.max_tokens / 2.0 + 1e-6;
    }
    void give_back(const Taken&) override {}
    double tokens(TimePoint) override { return std::max(0.0, count - options.max_tokens / 2.0); }

    GrpcRetryBudgetOptions options;
    double count;
};

struct PlainAws final : Plain {
    explicit PlainAws(const AwsRetryBudgetOptions& with) : options(with), count(with.capacity) {}
    void succeed(TimePoint, const Taken& taken) override {
        add(taken.tokens > 0 ? taken.tokens : options.first_try_refund);
    }
    void fail(TimePoint, const Taken&) override {}
    bool withdraw(TimePoint, const Failure& failure, Taken& taken) override {
        taken.tokens =
            failure.kind == FailureKind::rate_limited ? options.throttled_cost : options.transient_cost;
        if (count < taken.tokens) {
            return false;
        }
        count -= taken.tokens;
        return true;
    }
    void give_back(const Taken& taken) override { add(taken.tokens); }
    double tokens(TimePoint) override { return count / options.transient_cost; }
    void add(double more) { count = std::min<double>(options.capacity, count + more); }

    AwsRetryBudgetOptions options;
    double count;
};

struct PlainFinagle final : Plain {
    explicit PlainFinagle(const FinagleRetryBudgetOptions& with) : options(with) {}
    void succeed(TimePoint now, const Taken& taken) override { request(now, taken); }
    void fail(TimePoint now, const Taken& taken) override { request(now, taken); }
    bool withdraw(TimePoint now, const Failure&, Taken& taken) override {
        taken = {.tokens = 1, .at = now};
        if (left(now) < 1 - 1e-6) {
            return false;
        }
        retries.push_back(now);
        return true;
    }
    void give_back(const Taken& taken) override {
        if (const auto found = std::find(retries.begin(), retries.end(), taken.at); found != retries.end()) {
            retries.erase(found);
        }
    }
    double tokens(TimePoint now) override { return std::max(0.0, left(now)); }

    void request(TimePoint now, const Taken& taken) {
        if (taken.tokens == 0) {
            requests.push_back(now);
        }
    }
    double left(TimePoint now) {
        const auto expired = [&](TimePoint then) { return step(then) <= step(now) - 10; };
        std::erase_if(requests, expired);
        std::erase_if(retries, expired);
        const double floor = options.retries_per_second * std::chrono::duration<double>(options.ttl).count();
        return floor + static_cast<double>(requests.size()) * options.request_ratio -
               static_cast<double>(retries.size());
    }
    [[nodiscard]] std::int64_t step(TimePoint at) const { return at.time_since_epoch() / (options.ttl / 10); }

    FinagleRetryBudgetOptions options;
    std::vector<TimePoint> requests;
    std::vector<TimePoint> retries;
};

struct Both {
    RetryBudget real;
    std::unique_ptr<Plain> plain;
};

Both draw(Random& random) {
    const auto below = [&](int limit) {
        return static_cast<int>(random.next() % static_cast<unsigned>(limit));
    };
    switch (below(3)) {
    case 0: {
        const GrpcRetryBudgetOptions options{.max_tokens = 1 + below(12),
                                             .token_ratio = 0.1 * (1 + below(4))};
        return {grpc_retry_budget(options), std::make_unique<PlainGrpc>(options)};
    }
    case 1: {
        const AwsRetryBudgetOptions options{
            .capacity = 14 + below(60), .throttled_cost = 1 + below(14), .first_try_refund = below(4)};
        return {aws_retry_budget(options), std::make_unique<PlainAws>(options)};
    }
    default: {
        const FinagleRetryBudgetOptions options{
            .request_ratio = 0.1 * below(12), .retries_per_second = below(3), .ttl = 1s * (1 + below(10))};
        return {finagle_retry_budget(options), std::make_unique<PlainFinagle>(options)};
    }
    }
}

/// Plays one random history on both, comparing after each event; returns a digest of what was seen.
std::uint64_t play(std::uint64_t seed) {
    static constexpr std::array<Duration, 6> pauses{0s, 0s, 1ms, 150ms, 1s, 7s};
    Random random{seed};
    const auto pick = [&](std::size_t count) { return static_cast<std::size_t>(random.next() % count); };
    const Both budget = draw(random);
    TimePoint now = start;
    std::array<std::unique_ptr<BudgetCall>, 4> calls;
    std::array<Plain::Taken, 4> taken{};
    std::uint64_t digest = seed;

    const auto begin = [&](std::size_t slot) {
        calls[slot]->begin_attempt();
        taken[slot].waits = false;
    };
    for (int event = 0; event < 60; ++event) {
        now += pauses[pick(pauses.size())];
        const std::size_t slot = pick(calls.size());
        if (!calls[slot]) {
            calls[slot] = std::make_unique<BudgetCall>(budget.real, now);
            begin(slot);
        }
        if (taken[slot].waits && pick(4) != 0) {
            begin(slot);
        }
        switch (taken[slot].waits ? 0 : pick(4)) {
        case 0: // cancelled: in its wait, or in flight
            if (taken[slot].waits) {
                budget.plain->give_back(taken[slot]);
            }
            calls[slot].reset();
            taken[slot] = {};
            break;
        case 1:
            budget.plain->succeed(now, taken[slot]);
            calls[slot]->succeed();
            calls[slot].reset();
            taken[slot] = {};
            break;
        default: {
            const Failure& failure = pick(2) == 0 ? transient : throttled;
            budget.plain->fail(now, taken[slot]);
            calls[slot]->fail(failure);
            const bool allowed = budget.plain->withdraw(now, failure, taken[slot]);
            REQUIRE(calls[slot]->withdraw(failure) == allowed);
            digest = digest * 31 + (allowed ? 1 : 0);
            taken[slot].waits = allowed;
            if (!allowed) {
                calls[slot].reset();
                taken[slot] = {};
            }
            break;
        }
        }
        if (pick(3) == 0) { // not each time: looking folds in what is pending
            const RetryBudgetSnapshot seen = budget.real.snapshot(now);
            REQUIRE(std::abs(seen.tokens - budget.plain->tokens(now)) < 1e-6);
            REQUIRE(seen.tokens >= 0); // never overdrawn
            REQUIRE(seen.tokens <= seen.capacity);
        }
    }
    return digest;
}

} // namespace

TEST_CASE("budgets of the other kinds do what their plain models do, in ten thousand random histories",
          "[retry_budget][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        play(seed);
    }
}

TEST_CASE("the same seed plays the same history of a budget of another kind", "[retry_budget][model]") {
    CHECK(play(17) == play(17));
    CHECK(play(17) != play(18));
}
