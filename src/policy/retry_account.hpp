#pragma once

#include <backstay/policy/retry_budget.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// The arithmetic of one kind of budget, for one key. What it calls a cost is its own note of a withdrawal,
/// which the call keeps and shows again.
/// Thread safety: all members from any thread.
class RetryBudget::Account {
public:
    Account() = default;
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;
    virtual ~Account() = default;

    /// `cost` is what the attempt had cost: 0 for the first one.
    virtual void succeeded(TimePoint now, std::int32_t cost) noexcept = 0;

    /// For kinds that also count failures.
    virtual void failed(TimePoint /*now*/, const Failure& /*failure*/, std::int32_t /*cost*/) noexcept {}

    /// Takes what a repeat after this failure costs, in one atomic step; 0 when there is not enough.
    [[nodiscard]] virtual std::int32_t withdraw(TimePoint now, const Failure& failure) noexcept = 0;
    virtual void give_back(std::int32_t cost) noexcept = 0;

    /// Tells whether it would allow an attempt now that follows no failure: a hedge.
    [[nodiscard]] virtual bool allows(TimePoint now) noexcept { return snapshot(now).tokens >= 1; }

    [[nodiscard]] virtual RetryBudgetSnapshot snapshot(TimePoint now) noexcept = 0;
};

} // namespace backstay::inline BACKSTAY_ABI
