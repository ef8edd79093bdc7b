#include <backstay/policy/finagle_retry_budget.hpp>

#include "policy/check_option.hpp"
#include "policy/retry_account.hpp"
#include "policy/retry_budget_state.hpp"
#include "policy/sliding_sum.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// What is left is the floor, and what requests deposited, less what retries took in the last `ttl`. Deposits
/// may expire before the retries that they paid for: then the floor pays for these as long.
///
/// Requests only increment `pending_`, as successes do in the default kind. A withdrawal's note is the step
/// in which it was made: given back later than the `ttl` it has been forgotten, and must not count twice.
class FinagleAccount final : public RetryBudget::Account {
public:
    explicit FinagleAccount(const FinagleRetryBudgetOptions& options) noexcept
        : deposit_(std::llround(options.request_ratio * one_retry)),
          floor_(std::llround(std::chrono::duration<double>(options.ttl).count() *
                              options.retries_per_second * one_retry)),
          step_ticks_(options.ttl.count() / Ticks{steps}) {}

    void succeeded(TimePoint now, std::int32_t cost) noexcept override { ended(now, cost); }

    void failed(TimePoint now, const Failure& /*failure*/, std::int32_t cost) noexcept override {
        ended(now, cost);
    }

    [[nodiscard]] std::int32_t withdraw(TimePoint now, const Failure& /*failure*/) noexcept override {
        const std::lock_guard lock(mutex_);
        move_to(now);
        if (left() < one_retry) {
            ++refused_;
            return 0;
        }
        ++withdrawn_;
        withdrawals_.add(one_retry);
        return note_of(withdrawals_.step());
    }

    void give_back(std::int32_t cost) noexcept override {
        const std::lock_guard lock(mutex_);
        const std::int64_t now = withdrawals_.step();
        const std::int64_t ago = (note_of(now) - cost + notes) % notes;
        withdrawals_.add_at(now - ago, -one_retry);
        ++returned_;
    }

    [[nodiscard]] RetryBudgetSnapshot snapshot(TimePoint now) noexcept override {
        const std::lock_guard lock(mutex_);
        move_to(now);
        constexpr auto whole = static_cast<double>(one_retry);
        return {.tokens = static_cast<double>(std::max(left(), std::int64_t{0})) / whole,
                .capacity = static_cast<double>(floor_ + deposits_.total()) / whole,
                .withdrawn = withdrawn_,
                .returned = returned_,
                .refused = refused_};
    }

private:
    using Ticks = Duration::rep;
    static constexpr std::int64_t one_retry = 1'000;
    static constexpr std::size_t steps = 10;
    static constexpr std::int64_t notes = std::numeric_limits<std::int32_t>::max();

    /// Never 0, which means that nothing was withdrawn.
    static std::int32_t note_of(std::int64_t step) noexcept {
        return static_cast<std::int32_t>(step % notes) + 1;
    }

    /// Counts a request when its first attempt has ended.
    void ended(TimePoint now, std::int32_t cost) noexcept {
        if (cost != 0) {
            return;
        }
        if (now.time_since_epoch().count() >= step_end_.load(std::memory_order_relaxed)) [[unlikely]] {
            const std::lock_guard lock(mutex_);
            move_to(now);
        }
        pending_.fetch_add(1, std::memory_order_relaxed);
    }

    // Under the mutex:
    void move_to(TimePoint now) noexcept {
        deposits_.add(pending_.exchange(0, std::memory_order_relaxed) * deposit_);
        const Ticks step = now.time_since_epoch().count() / step_ticks_;
        deposits_.move_to(step);
        withdrawals_.move_to(step);
        step_end_.store((deposits_.step() + 1) * step_ticks_, std::memory_order_relaxed);
    }
    [[nodiscard]] std::int64_t left() const noexcept {
        return floor_ + deposits_.total() - withdrawals_.total();
    }

    const std::int64_t deposit_;
    const std::int64_t floor_;
    const Ticks step_ticks_;

    std::atomic<std::int64_t> pending_{0};
    std::atomic<Ticks> step_end_{0};

    std::mutex mutex_; // for what follows
    detail::SlidingSum<steps> deposits_;
    detail::SlidingSum<steps> withdrawals_;
    std::uint64_t withdrawn_ = 0;
    std::uint64_t returned_ = 0;
    std::uint64_t refused_ = 0;
};

} // namespace

RetryBudget finagle_retry_budget(const FinagleRetryBudgetOptions& options) {
    using namespace std::chrono_literals;
    const auto check = [](bool valid, std::string_view field, auto value, std::string_view allowed) {
        check_option(valid, std::string("FinagleRetryBudgetOptions.").append(field), value, allowed);
    };
    check(options.request_ratio >= 0 && options.request_ratio <= 10, "request_ratio", options.request_ratio,
          "0 to 10");
    check(options.retries_per_second >= 0 && options.retries_per_second <= 100'000, "retries_per_second",
          options.retries_per_second, "0 to 100000");
    check(options.ttl >= 1s && options.ttl <= 60s, "ttl", options.ttl, "1 s to 60 s");
    check(options.max_keys >= 1, "max_keys", options.max_keys, "1 or more");
    const auto open = [options] { return std::make_shared<FinagleAccount>(options); };
    return RetryBudget::State::make(open, options.key, options.max_keys, options.request_ratio);
}

} // namespace backstay::inline BACKSTAY_ABI
