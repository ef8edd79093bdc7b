#pragma once

#include <backstay/core/classifier.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/policy/backoff.hpp>
#include <backstay/policy/retry_budget.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace backstay::inline BACKSTAY_ABI {

/// What to do with a server's wait that is longer than `max_server_wait`.
enum class WhenLonger : std::uint8_t {
    give_up, ///< end with `StopReason::server_wait_too_long`
    clamp,   ///< wait for `max_server_wait` and try; a closed CoolDown still holds it back
    wait,    ///< wait as long as the server asks
};

/// A repeat that has been decided, for `RetryOptions::on_retry`. Valid during the callback only.
struct RetryInfo {
    int attempts = 0;       ///< begun so far
    Duration delay{0};      ///< until the next one
    const Failure& failure; ///< that it repeats
    const CallKey& key;
};

struct RetryOptions {
    int max_attempts = 3; ///< the first included; 0: without limit
    BackoffOptions backoff{};
    Duration rate_limited_base = std::chrono::seconds{1}; ///< backoff's base after a 429 that names no wait,
                                                          ///< unless the backoff's cap is shorter
    Classifier classifier{};
    std::optional<RetryBudget> budget{RetryBudget{}};   ///< copies of these options share it; nullopt: none
    Duration max_server_wait = std::chrono::minutes{5}; ///< see `when_longer`; 0: obeys no wait but 0
    WhenLonger when_longer = WhenLonger::give_up;       ///< than `max_server_wait`
    double hint_jitter_ratio = 0.1;                     ///< of a server's wait is added at random: 0 to 1
    Duration hint_jitter_max = std::chrono::seconds{1}; ///< at most so much; 0: comes back to the tick
    bool retry_refusals = false;                        ///< waits for an open circuit and a cool-down
    std::function<void(const RetryInfo&)> on_retry{};   ///< what it throws is ignored and counted
};

/// Repeats failed attempts, when that may help, is safe, and the budget allows it. A wait that the server
/// names is obeyed: never early, spread a little, and not begun when it would end past the call's deadline;
/// otherwise delays come from `Backoff`, which starts over after an obeyed wait. Ends with a `StopReason`.
/// When a repeat is refused here (open circuit, limit), the outcome is the last one that the server caused.
/// A handle: copies share the budget. Thread safety: all members from any thread.
/// Source: gRPC A6 (pushback, budget); "Addressing Cascading Failures" (SRE book).
class BACKSTAY_EXPORT Retry {
public:
    static constexpr Stage stage = Stage::retry;

    class Call {
    private:
        friend class Retry;
        RetryBudget::Call paid_; // gives itself back when the repeat never begins
        Backoff::State backoff_;
        std::uint32_t tries_ = 0;  // outcomes seen, refusals included
        bool has_outcome_ = false; // one of them was not refused here
    };

    /// Throws `std::invalid_argument` when an option is out of range.
    explicit Retry(RetryOptions options = RetryOptions()); // = {}: GCC 12 destroys it twice in a co_await

    /// Makes a retry with the same options and, if it has one, a fresh, full budget.
    [[nodiscard]] Retry clone() const;
    [[nodiscard]] StageDescription describe() const;
    [[nodiscard]] const RetryOptions& options() const noexcept;

    /// Repeats nothing until then, for all copies: for whoever is on call and sees retries make an outage
    /// worse. Calls end with `StopReason::switched_off`; waits that have begun go on to their attempt.
    void switch_off(TimePoint until = end_of_time) noexcept;
    void switch_on() noexcept { switch_off(TimePoint::min()); }
    [[nodiscard]] bool is_on(TimePoint now) const noexcept;

    /// Counts what `on_retry` threw.
    [[nodiscard]] std::uint64_t callback_errors() const noexcept;

    /// Begins anew: inside another stage that repeats, each round has all its attempts.
    Admission admit(Call& mine, CallContext& /*call*/) noexcept {
        mine.tries_ = 0;
        mine.backoff_ = {};
        return Admission::proceed();
    }
    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept;

private:
    struct State;
    struct Wait;

    [[nodiscard]] Verdict after_failure(Call& mine, CallContext& call, const Failure& failure) const noexcept;
    [[nodiscard]] StopReason reason_to_stop(Call& mine, const CallContext& call,
                                            const Failure& failure) const noexcept;
    [[nodiscard]] Wait next_wait(Call& mine, const CallContext& call, const Failure& failure) const noexcept;
    [[nodiscard]] Verdict stop(Call& mine, const CallContext& call, const Failure& failure,
                               StopReason why) const noexcept;
    void announce(const CallContext& call, const Failure& failure, Duration delay) const noexcept;

    std::shared_ptr<State> state_;
};

static_assert(Policy<Retry> && sizeof(Retry::Call) <= 48);

} // namespace backstay::inline BACKSTAY_ABI
