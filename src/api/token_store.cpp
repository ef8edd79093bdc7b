#include "api/token_store.hpp"

#include "policy/check_option.hpp"

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

/// The longest that an error of the provider keeps the next refresh from beginning, whatever it says.
constexpr Duration longest_pause = std::chrono::seconds{60};

void validate(const RefreshOptions& options) {
    using namespace std::chrono_literals;
    check_option(options.ahead >= 0s, "RefreshOptions.ahead", options.ahead, "0 s or longer");
    check_option(options.timeout >= 1ms, "RefreshOptions.timeout", options.timeout, "1 ms or longer");
    check_option(options.min_interval >= 0s && options.min_interval <= longest_pause,
                 "RefreshOptions.min_interval", options.min_interval, "0 s (none) to 60 s");
}

} // namespace

TokenStore::TokenStore(TokenProvider fetches, const RefreshOptions& with)
    : provider(std::move(fetches)), options(with) {
    validate(options);
}

TokenStore::Answer TokenStore::ask(std::uint64_t refused, TokenWaiter* waiter, TimePoint now) noexcept {
    const std::lock_guard lock(mutex_);
    if (waiter == nullptr) [[likely]] {
        return decide(refused, 0, now);
    }
    if (waiter->linked) { // woken by something else
        unlink(*waiter);
    }
    const Answer answer = decide(refused, waiter->refresh, now);
    waiter->refresh = answer.refresh;
    return answer;
}

TokenStore::Answer TokenStore::decide(std::uint64_t refused, std::uint64_t waited_for,
                                      TimePoint now) noexcept {
    const bool may_begin = running_ == 0 && now >= not_before_;
    if (current_ && current_->version > refused && now < expires_at_) {
        return {.begin = may_begin && now >= refresh_at_ ? begin_one() : 0};
    }
    if ((waited_for != 0 && failed_ >= waited_for) || (running_ != 0 && failed_ == running_)) {
        return refusal(now);
    }
    if (running_ != 0) {
        return {.kind = Answer::Kind::wait, .refresh = running_};
    }
    if (may_begin) {
        const std::uint64_t number = begin_one();
        return {.kind = Answer::Kind::wait, .refresh = number, .begin = number};
    }
    return last_failed_ ? refusal(now) : Answer{.kind = Answer::Kind::wait, .until = not_before_};
}

TokenStore::Answer TokenStore::refusal(TimePoint now) const noexcept {
    return {.kind = Answer::Kind::refuse, .until = std::max(now, not_before_), .error = error_};
}

bool TokenStore::enqueue(TokenWaiter& waiter,
                         Waker waker) noexcept { // NOLINT(performance-unnecessary-value-param)
    const std::lock_guard lock(mutex_);
    if (waiter.refresh == 0) {
        return true;
    }
    if (waiter.refresh != running_ || waiter.refresh == failed_) {
        return false;
    }
    std::swap(waiter.waker, waker); // an old one dies after the lock
    if (std::exchange(waiter.linked, true)) {
        return true;
    }
    waiter.previous = last_;
    waiter.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &waiter;
    last_ = &waiter;
    return true;
}

void TokenStore::leave(TokenWaiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    if (waiter.linked) {
        unlink(waiter);
    }
}

void TokenStore::unlink(TokenWaiter& waiter) noexcept {
    (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
    (waiter.next != nullptr ? waiter.next->previous : last_) = waiter.previous;
    waiter.linked = false;
}

std::shared_ptr<const TokenStore::Current> TokenStore::current() const noexcept {
    const std::lock_guard lock(mutex_);
    return current_;
}

void TokenStore::succeeded(std::uint64_t number, Token token, TimePoint now) {
    const auto made = std::make_shared<Current>(Current{std::move(token.value), 0});
    {
        const std::lock_guard lock(mutex_);
        if (number != running_) {
            return;
        }
        made->version = current_ ? current_->version + 1 : 1;
        current_ = made;
        expires_at_ = refresh_at_ = end_of_time;
        if (token.expires_in) {
            const Duration ahead = std::min(options.ahead, *token.expires_in / 2);
            expires_at_ = saturating_add(now, *token.expires_in);
            refresh_at_ = saturating_add(now, *token.expires_in - ahead);
        }
        not_before_ = saturating_add(now, options.min_interval);
        running_ = 0;
        last_failed_ = false;
    }
    wake(number);
}

void TokenStore::failed(std::uint64_t number, const ApiError& error, TimePoint now) noexcept {
    note_failure(number, error, now, 0);
}

void TokenStore::overdue(std::uint64_t number, const ApiError& error, TimePoint now) noexcept {
    note_failure(number, error, now, number);
}

void TokenStore::note_failure(std::uint64_t number, ApiError error, TimePoint now,
                              std::uint64_t still_running) noexcept {
    const Duration asked = std::min(error.retry_after().value_or(Duration::zero()), longest_pause);
    {
        const std::lock_guard lock(mutex_);
        if (number != running_) {
            return;
        }
        running_ = still_running;
        failed_ = number;
        last_failed_ = true;
        std::swap(error_, error); // the old one dies after the lock
        not_before_ = saturating_add(now, std::max(options.min_interval, asked));
    }
    wake(number);
}

void TokenStore::abandoned(std::uint64_t number) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (number != running_) {
            return;
        }
        running_ = 0;
    }
    wake(number);
}

// One by one, because a waiter may leave, or a new one come, while another is told.
void TokenStore::wake(std::uint64_t number) noexcept {
    for (;;) {
        Waker waker;
        {
            const std::lock_guard lock(mutex_);
            if (first_ == nullptr || first_->refresh > number) {
                return;
            }
            waker = std::exchange(first_->waker, {});
            unlink(*first_);
        }
        waker.wake();
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail
