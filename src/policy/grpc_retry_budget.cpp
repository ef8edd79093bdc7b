#include <backstay/policy/grpc_retry_budget.hpp>

#include "policy/check_option.hpp"
#include "policy/retry_account.hpp"
#include "policy/retry_budget_state.hpp"
#include "policy/token_count.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr std::int64_t one_token = 1'000; // in thousandths, so that nothing drifts

class GrpcAccount final : public RetryBudget::Account {
public:
    explicit GrpcAccount(const GrpcRetryBudgetOptions& options) noexcept
        : deposit_(std::llround(options.token_ratio * one_token)), tokens_(options.max_tokens * one_token) {}

    void succeeded(TimePoint /*now*/, std::int32_t /*cost*/) noexcept override { tokens_.add(deposit_); }

    void failed(TimePoint /*now*/, const Failure& /*failure*/, std::int32_t /*cost*/) noexcept override {
        tokens_.take(one_token);
    }

    /// Only looks: the failure has been paid for in `failed`, which comes first.
    [[nodiscard]] std::int32_t withdraw(TimePoint /*now*/, const Failure& /*failure*/) noexcept override {
        const bool allowed = above_half() > 0;
        (allowed ? withdrawn_ : refused_).fetch_add(1, std::memory_order_relaxed);
        return allowed ? 1 : 0;
    }

    /// The failure remains one.
    void give_back(std::int32_t /*cost*/) noexcept override {
        returned_.fetch_add(1, std::memory_order_relaxed);
    }

    [[nodiscard]] bool allows(TimePoint /*now*/) noexcept override { return above_half() > 0; }

    [[nodiscard]] RetryBudgetSnapshot snapshot(TimePoint /*now*/) noexcept override {
        constexpr auto whole = static_cast<double>(one_token);
        return {.tokens = static_cast<double>(std::max(above_half(), std::int64_t{0})) / whole,
                .capacity = static_cast<double>(tokens_.most()) / 2 / whole,
                .withdrawn = withdrawn_.load(std::memory_order_relaxed),
                .returned = returned_.load(std::memory_order_relaxed),
                .refused = refused_.load(std::memory_order_relaxed)};
    }

private:
    [[nodiscard]] std::int64_t above_half() const noexcept { return tokens_.tokens() - tokens_.most() / 2; }

    const std::int64_t deposit_;
    detail::TokenCount tokens_;
    std::atomic<std::uint64_t> withdrawn_{0};
    std::atomic<std::uint64_t> returned_{0};
    std::atomic<std::uint64_t> refused_{0};
};

} // namespace

RetryBudget grpc_retry_budget(const GrpcRetryBudgetOptions& options) {
    check_option(options.max_tokens >= 1 && options.max_tokens <= 1'000, "GrpcRetryBudgetOptions.max_tokens",
                 options.max_tokens, "1 to 1000");
    check_option(options.token_ratio >= 0.001 && options.token_ratio <= 1,
                 "GrpcRetryBudgetOptions.token_ratio", options.token_ratio, "0.001 to 1");
    check_option(options.max_keys >= 1, "GrpcRetryBudgetOptions.max_keys", options.max_keys, "1 or more");
    const auto open = [options] { return std::make_shared<GrpcAccount>(options); };
    return RetryBudget::State::make(open, options.key, options.max_keys, options.token_ratio);
}

} // namespace backstay::inline BACKSTAY_ABI
