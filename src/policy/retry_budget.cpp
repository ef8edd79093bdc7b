#include <backstay/policy/retry_budget.hpp>

#include "policy/check_option.hpp"
#include "policy/retry_account.hpp"
#include "policy/retry_budget_state.hpp"
#include "policy/success_account.hpp"

#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

void validate(const RetryBudgetOptions& options) {
    using namespace std::chrono_literals;
    check_option(options.deposit_ratio >= 0 && options.deposit_ratio <= 1, "RetryBudgetOptions.deposit_ratio",
                 options.deposit_ratio, "0 to 1");
    check_option(options.minimum_capacity >= 1 && options.minimum_capacity <= 1'000'000,
                 "RetryBudgetOptions.minimum_capacity", options.minimum_capacity, "1 to 1000000");
    check_option(options.capacity_window >= 1ms, "RetryBudgetOptions.capacity_window",
                 options.capacity_window, "1 ms or longer");
    check_option(options.floor_interval == 0s || options.floor_interval >= 1ms,
                 "RetryBudgetOptions.floor_interval", options.floor_interval,
                 "0 s (none), or 1 ms or longer");
    check_option(options.max_keys >= 1, "RetryBudgetOptions.max_keys", options.max_keys, "1 or more");
}

bool is_empty(const CallKey& key) noexcept {
    return key.origin.empty() && key.credential.empty() && key.partition.empty() && key.operation.empty();
}

} // namespace

RetryBudget::RetryBudget(const RetryBudgetOptions& options) {
    validate(options);
    const auto open = [options] { return std::make_shared<SuccessAccount>(options); };
    state_ = std::make_shared<State>(open, options.key, options.max_keys, options.deposit_ratio);
}

RetryBudget RetryBudget::clone() const {
    RetryBudget fresh(*this);
    fresh.state_ = std::make_shared<State>(state_->open, state_->key, state_->max_keys, state_->retry_ratio);
    return fresh;
}

void RetryBudget::succeeded(Call& mine, const CallContext& call) const noexcept {
    account(mine, call).succeeded(call.now, std::exchange(mine.cost_, 0));
}

void RetryBudget::failed(Call& mine, const CallContext& call, const Failure& failure) const noexcept {
    account(mine, call).failed(call.now, failure, mine.cost_);
}

bool RetryBudget::withdraw(Call& mine, const CallContext& call, const Failure& failure) const noexcept {
    if (!mine.unspent()) {
        mine.cost_ = account(mine, call).withdraw(call.now, failure);
        mine.context_ = &call;
        mine.attempt_ = call.attempt;
        if (!mine.account_) { // to give back to
            mine.account_ = state_->common;
        }
    }
    return mine.cost_ != 0;
}

bool RetryBudget::allows(const CallContext& call) const noexcept {
    const CallKey kept = state_->key == nullptr ? CallKey{} : state_->key(call.key);
    const std::shared_ptr<Account> known = is_empty(kept) ? state_->common : state_->accounts.find(kept);
    return !known || known->allows(call.now); // one that is not there yet would be full
}

void RetryBudget::release(Call& mine) const noexcept {
    mine.give_back();
}

void RetryBudget::Call::give_back() noexcept {
    if (unspent()) {
        account_->give_back(cost_);
    }
    cost_ = 0;
}

RetryBudgetSnapshot RetryBudget::snapshot(TimePoint now, const CallKey& key) const {
    const CallKey kept = state_->key == nullptr ? CallKey{} : state_->key(key);
    if (is_empty(kept)) {
        return state_->common->snapshot(now);
    }
    const std::shared_ptr<Account> known = state_->accounts.find(kept);
    return known ? known->snapshot(now) : state_->open()->snapshot(now);
}

std::vector<KeyedRetryBudgetSnapshot> RetryBudget::snapshots(TimePoint now) const {
    std::vector<KeyedRetryBudgetSnapshot> all;
    all.push_back({.key = {}, .budget = state_->common->snapshot(now)});
    for (const auto& [key, account] : state_->accounts.entries()) {
        all.push_back({.key = key, .budget = account->snapshot(now)});
    }
    return all;
}

double RetryBudget::retry_ratio() const noexcept {
    return state_->retry_ratio;
}

RetryBudget::Account& RetryBudget::account(Call& mine, const CallContext& call) const noexcept {
    if (!mine.account_ && state_->key != nullptr && !is_empty(call.key)) {
        const CallKey kept = state_->key(call.key);
        if (!is_empty(kept)) {
            mine.account_ = state_->accounts.obtain(kept, state_->open);
        }
    }
    return mine.account_ ? *mine.account_ : *state_->common;
}

} // namespace backstay::inline BACKSTAY_ABI
