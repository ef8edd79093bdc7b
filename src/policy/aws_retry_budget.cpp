#include <backstay/policy/aws_retry_budget.hpp>

#include "policy/check_option.hpp"
#include "policy/retry_account.hpp"
#include "policy/retry_budget_state.hpp"
#include "policy/token_count.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

namespace backstay::inline BACKSTAY_ABI {

namespace {

class AwsAccount final : public RetryBudget::Account {
public:
    explicit AwsAccount(const AwsRetryBudgetOptions& options) noexcept
        : options_(options), tokens_(options.capacity) {}

    void succeeded(TimePoint /*now*/, std::int32_t cost) noexcept override {
        tokens_.add(cost != 0 ? cost : options_.first_try_refund);
    }

    [[nodiscard]] std::int32_t withdraw(TimePoint /*now*/, const Failure& failure) noexcept override {
        const bool throttled = failure.kind == FailureKind::rate_limited || failure.is(Failure::has_hint);
        const int cost = throttled ? options_.throttled_cost : options_.transient_cost;
        const bool taken = tokens_.try_take(cost);
        (taken ? withdrawn_ : refused_).fetch_add(1, std::memory_order_relaxed);
        return taken ? cost : 0;
    }

    void give_back(std::int32_t cost) noexcept override {
        tokens_.add(cost);
        returned_.fetch_add(1, std::memory_order_relaxed);
    }

    [[nodiscard]] RetryBudgetSnapshot snapshot(TimePoint /*now*/) noexcept override {
        const auto retries = [this](std::int64_t tokens) {
            return static_cast<double>(tokens) / options_.transient_cost;
        };
        return {.tokens = retries(tokens_.tokens()),
                .capacity = retries(tokens_.most()),
                .withdrawn = withdrawn_.load(std::memory_order_relaxed),
                .returned = returned_.load(std::memory_order_relaxed),
                .refused = refused_.load(std::memory_order_relaxed)};
    }

private:
    const AwsRetryBudgetOptions options_;
    detail::TokenCount tokens_;
    std::atomic<std::uint64_t> withdrawn_{0};
    std::atomic<std::uint64_t> returned_{0};
    std::atomic<std::uint64_t> refused_{0};
};

/// Retries per success: a retry that succeeds is free, and is a success; others are paid for by first tries.
double ratio(const AwsRetryBudgetOptions& options) noexcept {
    const int cheaper = std::min(options.transient_cost, options.throttled_cost);
    return std::max(1.0, static_cast<double>(options.first_try_refund) / cheaper);
}

} // namespace

RetryBudget aws_retry_budget(const AwsRetryBudgetOptions& options) {
    const auto check = [](bool valid, std::string_view field, auto value, std::string_view allowed) {
        check_option(valid, std::string("AwsRetryBudgetOptions.").append(field), value, allowed);
    };
    constexpr int most = 1'000'000;
    check(options.transient_cost >= 1 && options.transient_cost <= most, "transient_cost",
          options.transient_cost, "1 to 1000000");
    check(options.throttled_cost >= 1 && options.throttled_cost <= most, "throttled_cost",
          options.throttled_cost, "1 to 1000000");
    check(options.capacity >= std::max(options.transient_cost, options.throttled_cost) &&
              options.capacity <= most,
          "capacity", options.capacity, "the dearer retry's cost to 1000000");
    check(options.first_try_refund >= 0 && options.first_try_refund <= most, "first_try_refund",
          options.first_try_refund, "0 to 1000000");
    check(options.max_keys >= 1, "max_keys", options.max_keys, "1 or more");
    const auto open = [options] { return std::make_shared<AwsAccount>(options); };
    return RetryBudget::State::make(open, options.key, options.max_keys, ratio(options));
}

} // namespace backstay::inline BACKSTAY_ABI
