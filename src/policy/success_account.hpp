#pragma once

#include "policy/retry_account.hpp"
#include "policy/sliding_sum.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace backstay::inline BACKSTAY_ABI {

/// The default kind of budget. Everything is counted in thousandths of a retry, so nothing drifts.
///
/// Successes only increment `pending_`, which holds those of the step (a tenth of the window) that is open;
/// the first success of a later step, and every other question, folds them in. Folding them together or one
/// by one comes to the same, because the capacity grows with each deposit by as much as the tokens do, and
/// shrinks only between steps. (A thread that is held up between its two instructions in `succeeded` may
/// have its success counted one step late.)
class SuccessAccount final : public RetryBudget::Account {
public:
    static constexpr std::int64_t one_retry = 1'000;

    explicit SuccessAccount(const RetryBudgetOptions& options) noexcept;

    void succeeded(TimePoint now, std::int32_t cost) noexcept override;
    [[nodiscard]] std::int32_t withdraw(TimePoint now, const Failure& failure) noexcept override;
    void give_back(std::int32_t cost) noexcept override;
    [[nodiscard]] RetryBudgetSnapshot snapshot(TimePoint now) noexcept override;

private:
    using Ticks = Duration::rep;
    static constexpr std::size_t steps = 10;

    void advance(TimePoint now) noexcept;
    void fold_pending() noexcept;
    void slide_window(Ticks now) noexcept;
    void add_floor(Ticks now) noexcept;
    [[nodiscard]] std::int64_t capacity() const noexcept;

    const std::int64_t deposit_;
    const std::int64_t minimum_capacity_;
    const Ticks step_ticks_;
    const Ticks floor_ticks_; ///< in which the floor gives a thousandth; 0: no floor

    std::atomic<std::uint64_t> pending_{0};
    std::atomic<Ticks> step_end_{0};

    std::mutex mutex_; // for what follows
    std::int64_t tokens_;
    detail::SlidingSum<steps> deposits_;
    Ticks floor_steps_ = 0; ///< of the clock, up to which the floor has given
    std::uint64_t withdrawn_ = 0;
    std::uint64_t returned_ = 0;
    std::uint64_t refused_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI
