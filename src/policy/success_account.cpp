#include "policy/success_account.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace backstay::inline BACKSTAY_ABI {

SuccessAccount::SuccessAccount(const RetryBudgetOptions& options) noexcept
    : deposit_(std::llround(options.deposit_ratio * one_retry)),
      minimum_capacity_(options.minimum_capacity * one_retry),
      step_ticks_(options.capacity_window.count() / static_cast<Ticks>(steps)),
      floor_ticks_(options.floor_interval.count() / one_retry),
      tokens_(minimum_capacity_) {}

void SuccessAccount::succeeded(TimePoint now, std::int32_t /*cost*/) noexcept {
    if (now.time_since_epoch().count() >= step_end_.load(std::memory_order_relaxed)) [[unlikely]] {
        const std::lock_guard lock(mutex_);
        advance(now);
    }
    pending_.fetch_add(1, std::memory_order_relaxed);
}

std::int32_t SuccessAccount::withdraw(TimePoint now, const Failure& /*failure*/) noexcept {
    const std::lock_guard lock(mutex_);
    advance(now);
    if (tokens_ < one_retry) {
        ++refused_;
        return 0;
    }
    tokens_ -= one_retry;
    ++withdrawn_;
    return 1;
}

void SuccessAccount::give_back(std::int32_t cost) noexcept {
    const std::lock_guard lock(mutex_);
    tokens_ += cost * one_retry; // cut to the capacity at the next question
    ++returned_;
}

RetryBudgetSnapshot SuccessAccount::snapshot(TimePoint now) noexcept {
    const std::lock_guard lock(mutex_);
    advance(now);
    const auto retries = [](std::int64_t thousandths) {
        return static_cast<double>(thousandths) / one_retry;
    };
    return {.tokens = retries(tokens_),
            .capacity = retries(capacity()),
            .withdrawn = withdrawn_,
            .returned = returned_,
            .refused = refused_};
}

void SuccessAccount::advance(TimePoint now) noexcept {
    const Ticks ticks = now.time_since_epoch().count();
    fold_pending();
    slide_window(ticks);
    add_floor(ticks);
    tokens_ = std::min(tokens_, capacity());
}

void SuccessAccount::fold_pending() noexcept {
    const auto deposited =
        static_cast<std::int64_t>(pending_.exchange(0, std::memory_order_relaxed)) * deposit_;
    deposits_.add(deposited);
    tokens_ += deposited;
}

void SuccessAccount::slide_window(Ticks now) noexcept {
    deposits_.move_to(now / step_ticks_);
    const Ticks begin = deposits_.step() * step_ticks_;
    const Ticks last = std::numeric_limits<Ticks>::max() - step_ticks_; // who looks at the end of time
    step_end_.store(std::min(begin, last) + step_ticks_, std::memory_order_relaxed);
}

void SuccessAccount::add_floor(Ticks now) noexcept {
    if (floor_ticks_ == 0) {
        return;
    }
    const Ticks steps_now = now / floor_ticks_;
    if (steps_now > floor_steps_) {
        tokens_ += steps_now - floor_steps_; // since the clock's epoch at first: the capacity cuts it
        floor_steps_ = steps_now;
    }
}

std::int64_t SuccessAccount::capacity() const noexcept {
    return std::max(minimum_capacity_, deposits_.total());
}

} // namespace backstay::inline BACKSTAY_ABI
