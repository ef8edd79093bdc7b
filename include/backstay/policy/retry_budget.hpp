#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>
#include <backstay/policy/key.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

struct RetryBudgetOptions {
    double deposit_ratio = 0.1; ///< what a success deposits, in retries: 0 to 1, to the thousandth
    int minimum_capacity = 3;   ///< retries that can be saved up whatever the traffic, at least 1
    Duration capacity_window = std::chrono::seconds{10}; ///< more can be saved if so recent successes gave it
    Duration floor_interval = std::chrono::seconds{50}; ///< one retry comes by itself every so often; 0: none
    KeyFunction key = by_origin;                        ///< one budget per such key; null: one for all
    std::size_t max_keys = 1'000;                       ///< then the idle one used longest ago is forgotten
};

/// What a budget holds at a moment.
struct RetryBudgetSnapshot {
    double tokens = 0;           ///< retries that it would allow now
    double capacity = 0;         ///< retries that can be saved up now
    std::uint64_t withdrawn = 0; ///< retries allowed so far
    std::uint64_t returned = 0;  ///< of these, given back because they never began
    std::uint64_t refused = 0;   ///< retries refused so far
};

struct KeyedRetryBudgetSnapshot {
    std::string key{}; ///< the origin, then `credential=..` and so on; empty for calls without a key
    RetryBudgetSnapshot budget{};
};

/// Bounds retries to a share of the successes, so that retries cannot keep a struggling server down: a
/// success deposits a tenth of a retry, a retry withdraws one. Waiting retries count as withdrawn. It starts
/// full. It is fed by successes, never by starts: a budget that failing calls feed ends no outage.
/// A handle: copies share the state. The window moves in steps of a tenth of itself. Other kinds, which keep
/// their accounts differently: `grpc_retry_budget`, `aws_retry_budget`, `finagle_retry_budget`.
/// Thread safety: all members from any thread; withdrawing is one atomic step.
/// Cost: a success is an atomic increment, and a look-up when the call has a key; once per step, and for each
/// retry, a mutex.
/// Source: Finagle's and Envoy's retry budgets; "Metastable Failures in Distributed Systems" (HotOS 2021).
class BACKSTAY_EXPORT RetryBudget {
public:
    /// One key's state. Each kind of budget is one implementation of it.
    class Account;
    /// What the copies of one budget share. Makes budgets of the other kinds.
    struct State;

    /// What one call has withdrawn. It must not outlive the call's context. When it ends before the repeat
    /// that it paid for began (the context's attempt counter has not grown), it gives that back; an attempt
    /// that was cancelled in flight has been spent.
    class BACKSTAY_EXPORT Call {
    public:
        Call() = default;
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (cost_ != 0) {
                give_back();
            }
        }

    private:
        friend class RetryBudget;
        [[nodiscard]] bool unspent() const noexcept { return cost_ != 0 && context_->attempt == attempt_; }
        void give_back() noexcept;

        std::shared_ptr<Account> account_;     ///< found once per call
        const CallContext* context_ = nullptr; ///< for its count of attempts
        std::int32_t attempt_ = 0;             ///< that count when this was withdrawn
        std::int32_t cost_ = 0;                ///< as the account wrote it down; 0: nothing is withdrawn
    };

    /// Throws `std::invalid_argument` when an option is out of range.
    explicit RetryBudget(const RetryBudgetOptions& options = RetryBudgetOptions());

    /// Makes a full budget with the same options.
    [[nodiscard]] RetryBudget clone() const;

    /// Notes that a call succeeded.
    void succeeded(Call& mine, const CallContext& call) const noexcept;

    /// Notes a failure that a repeat may mend, whether or not there will be one.
    void failed(Call& mine, const CallContext& call, const Failure& failure) const noexcept;

    /// Withdraws what a repeat after this failure costs; false when the budget does not hold it. A repeat
    /// that was paid for and never began pays for the next one.
    [[nodiscard]] bool withdraw(Call& mine, const CallContext& call, const Failure& failure) const noexcept;

    /// Tells whether a repeat of this call would be allowed now; withdraws nothing.
    [[nodiscard]] bool allows(const CallContext& call) const noexcept;

    /// Tells whether something is withdrawn for a repeat that has not begun.
    [[nodiscard]] bool unspent(const Call& mine) const noexcept { return mine.unspent(); }

    /// Gives back what was withdrawn for a repeat that did not begin.
    void release(Call& mine) const noexcept;

    /// Tells what the budget of this key holds (of an unknown key: what a new one would).
    [[nodiscard]] RetryBudgetSnapshot snapshot(TimePoint now, const CallKey& key = CallKey()) const;
    /// The same for every key there is, and for calls without one.
    [[nodiscard]] std::vector<KeyedRetryBudgetSnapshot> snapshots(TimePoint now) const;
    [[nodiscard]] double tokens(TimePoint now, const CallKey& key = CallKey()) const {
        return snapshot(now, key).tokens;
    }

    /// Bounds the retries per success in the long run (of Finagle's kind: per request, its floor apart).
    [[nodiscard]] double retry_ratio() const noexcept;

private:
    explicit RetryBudget(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

    [[nodiscard]] Account& account(Call& mine, const CallContext& call) const noexcept;

    std::shared_ptr<State> state_;
};

static_assert(sizeof(RetryBudget::Call) <= 32);

} // namespace backstay::inline BACKSTAY_ABI
