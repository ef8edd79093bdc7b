#pragma once

#include <backstay/policy/detail/keyed_table.hpp>
#include <backstay/policy/retry_budget.hpp>

#include "policy/retry_account.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// What a kind of budget is to the handle: how it opens an account, and for whom.
struct RetryBudget::State {
    using Open = std::function<std::shared_ptr<Account>()>;

    State(Open opened_by, KeyFunction keyed_by, std::size_t keys, double ratio)
        : open(std::move(opened_by)),
          key(keyed_by),
          max_keys(keys),
          retry_ratio(ratio),
          common(open()),
          accounts(keys) {}

    [[nodiscard]] static RetryBudget make(Open opened_by, KeyFunction keyed_by, std::size_t keys,
                                          double ratio) {
        return RetryBudget(std::make_shared<State>(std::move(opened_by), keyed_by, keys, ratio));
    }

    Open open;
    KeyFunction key;
    std::size_t max_keys;
    double retry_ratio;
    std::shared_ptr<Account> common; ///< of calls without a key, and of new keys when memory has run out
    detail::KeyedTable<Account> accounts;
};

} // namespace backstay::inline BACKSTAY_ABI
