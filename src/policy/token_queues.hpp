#pragma once

#include "policy/token_queue.hpp"

#include <backstay/policy/detail/keyed_table.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What the copies of one rate limiter share: its options, and a queue for all calls or for each key.
class TokenQueues {
public:
    explicit TokenQueues(const RateLimiterOptions& with);

    const bool dry_run;

    [[nodiscard]] RateLimiterOptions options() const;
    [[nodiscard]] bool queues() const noexcept {
        return given_.max_queued > 0 && given_.max_wait.count() > 0;
    }

    /// Finds or makes the queue of a key; the common one when there is no memory for a new one.
    [[nodiscard]] std::shared_ptr<TokenQueue> obtain(const CallKey& key) noexcept;
    /// The one queue of all calls; null when there is one for each key.
    [[nodiscard]] const std::shared_ptr<TokenQueue>* only() const noexcept {
        return given_.key == nullptr ? &common_ : nullptr;
    }

    void set_rate(TimePoint now, int rate, Duration period, int burst);
    [[nodiscard]] RateLimiterSnapshot snapshot(TimePoint now, const CallKey& key) const;
    [[nodiscard]] std::vector<KeyedRateLimiterSnapshot> snapshots(TimePoint now) const;

private:
    [[nodiscard]] TokenPace pace() const;
    [[nodiscard]] std::shared_ptr<TokenQueue> make() const;

    const RateLimiterOptions given_;
    mutable std::mutex mutex_; // of the rate
    int rate_;
    Duration period_;
    int burst_;
    std::shared_ptr<TokenQueue> common_;
    KeyedTable<TokenQueue> keyed_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
