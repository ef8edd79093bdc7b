#pragma once

#include <backstay/policy/retry_budget.hpp>

#include <string_view>
#include <utility>

namespace backstay::test {

/// One call as its retry budget sees it. Destroying it is what ends a call.
class BudgetCall {
public:
    BudgetCall(RetryBudget budget, TimePoint& clock, std::string_view origin = {})
        : settings_(for_origin(origin)),
          context_{.now = clock, .deadline = {}, .key = settings_.key, .overrides = settings_.overrides},
          budget_(std::move(budget)),
          clock_(&clock) {}
    BudgetCall(const BudgetCall&) = delete;
    BudgetCall& operator=(const BudgetCall&) = delete;

    void begin_attempt() { ++context_.attempt; }
    void succeed() { budget_.succeeded(mine_, at_now()); }
    void fail(const Failure& with = unavailable) { budget_.failed(mine_, at_now(), with); }
    [[nodiscard]] bool withdraw(const Failure& after = unavailable) {
        return budget_.withdraw(mine_, at_now(), after);
    }
    [[nodiscard]] bool allows() { return budget_.allows(at_now()); }
    void release() { budget_.release(mine_); }

    static constexpr Failure unavailable{.kind = FailureKind::service_unavailable, .status = 503};

private:
    static CallSettings for_origin(std::string_view origin) {
        CallSettings settings;
        settings.key.origin = origin;
        return settings;
    }
    const CallContext& at_now() {
        context_.now = *clock_;
        return context_;
    }

    CallSettings settings_;
    CallContext context_;
    RetryBudget budget_;
    TimePoint* clock_;
    RetryBudget::Call mine_; // ends first: it looks at the context
};

} // namespace backstay::test
