#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/policy/key.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
class TokenQueue;
class TokenQueues;
struct TurnWaiter;
} // namespace detail

struct RateLimiterOptions {
    int rate = 100;                            ///< calls in each `period`, in the long run
    Duration period = std::chrono::seconds{1}; ///< 1 ms to 365 days, 1 us or more for each call
    int burst = 10; ///< calls that may come at once after a silence, 1 to 1 000 000; they refill in 365 days

    Duration max_wait = std::chrono::seconds{1}; ///< for a token; 0: refuse at once
    int max_queued = 1'000; ///< calls that may wait, at most 1 000 000; 0: refuse at once

    KeyFunction key = nullptr;    ///< one limiter for each such key, say `by_client`; null: one for all calls
    std::size_t max_keys = 1'000; ///< more than that: the one that nobody used for longest is forgotten
    bool dry_run = false; ///< counts and reports what it would refuse; nobody waits, nobody is refused
};

struct RateLimiterSnapshot {
    int tokens = 0;            ///< calls that may go at once
    TimePoint next_token{};    ///< when the next one may; `now` when one may
    int queued = 0;            ///< in a dry run: 0
    std::uint64_t waited = 0;  ///< calls so far that had to wait; in a dry run: that would have had to
    std::uint64_t refused = 0; ///< calls so far
};

struct KeyedRateLimiterSnapshot {
    std::string key{}; ///< the origin, then `credential=..` and so on
    RateLimiterSnapshot limiter{};
};

/// Bounds how many calls go out in a time: every stretch of it holds at most `burst` and what `rate` gives
/// in it. A call that is let through takes a token, whatever comes of it. Tokens come evenly, one each
/// `period / rate` (rounded up to the nanosecond), and no more than `burst` are saved up.
///
/// Who finds no token waits; one whose deadline or `max_wait` would come first is refused at once, with the
/// time until its token. A higher priority is served before a lower one, equals in order of their arrival.
/// When the queue is full an arrival takes the place of the youngest of the lowest priority below its own;
/// one whose wait becomes too long because others go first is refused as soon as that is known. Nobody who
/// waits owns a token: who is first takes it when it is there.
///
/// A handle: a copy shares tokens and queue, `clone` shares none. It, or a copy, outlives the calls that it
/// admitted.
/// Errors: refuses with `rate_limit_rejected`; no exception, no allocation.
/// Cancellation: a waiting call leaves; it costs nobody a token.
/// Thread safety: all members from any thread; wakers are called outside any lock. The first in the queue
/// waits on its own executor: while that one is blocked, so are those behind it.
/// Cost: without a queue one compare-and-swap a call, else a short mutex; a look-up when it is keyed.
/// Source: the generic cell rate algorithm (ITU-T I.371), a token bucket in one number.
class BACKSTAY_EXPORT RateLimiter {
public:
    static constexpr Stage stage = Stage::rate_limiter;

    class BACKSTAY_EXPORT Call {
    public:
        Call() noexcept = default;
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (waiter_ != nullptr) {
                leave();
            }
        }

    private:
        friend class RateLimiter;
        friend class detail::TokenQueue;

        void leave() noexcept;

        detail::TurnWaiter* waiter_ = nullptr; // while it is in the queue
    };

    /// Throws `std::invalid_argument` naming the option that is out of range.
    explicit RateLimiter(const RateLimiterOptions& options = RateLimiterOptions());

    [[nodiscard]] RateLimiter clone() const;
    [[nodiscard]] StageDescription describe() const;
    /// As they are now: `set_rate` changes them.
    [[nodiscard]] RateLimiterOptions options() const;

    Admission admit(Call& mine, CallContext& call) noexcept;
    Verdict settle(Call& /*mine*/, CallContext& /*call*/, const Failure* /*failure*/) noexcept {
        return Verdict::pass();
    }
    bool enqueue(Call& mine, Waker waker) noexcept;

    /// Changes the rate of all keys from `now` on. The tokens that are there stay, as far as the new burst
    /// has room for them; of those who wait, those who would wait too long are refused. Throws
    /// `std::invalid_argument` when a value is out of range; then nothing has changed.
    void set_rate(TimePoint now, int rate, Duration period, int burst);

    /// Tells how the limiter of this key stands at `now`. Without a key function: any key.
    [[nodiscard]] RateLimiterSnapshot snapshot(TimePoint now, const CallKey& key = CallKey()) const;

    /// The same for every key there is; without a key function for the one of all.
    [[nodiscard]] std::vector<KeyedRateLimiterSnapshot> snapshots(TimePoint now) const;

private:
    std::shared_ptr<detail::TokenQueues> queues_;
};

static_assert(QueueingPolicy<RateLimiter> && sizeof(RateLimiter::Call) == sizeof(void*));

} // namespace backstay::inline BACKSTAY_ABI
