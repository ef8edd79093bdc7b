#pragma once

#include <backstay/core/classifier.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/policy/key.hpp>
#include <backstay/policy/retry_budget.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
class LatencyWindow;
}

struct HedgeOptions {
    std::optional<Duration> delay{}; ///< fixed; nullopt: the quantile of recent successes
    double quantile = 0.95;          ///< above 0, below 1
    int minimum_samples = 20;        ///< fewer successes know no quantile: nothing is sent on time
    Duration minimum_delay = std::chrono::milliseconds{1}; ///< never sent sooner, whatever the quantile is
    Duration window = std::chrono::seconds{60};            ///< of the quantile, at least 100 ms
    int max_extra = 1;                                     ///< attempts beside the first, 1 to 10
    double extra_ratio = 0.05;                 ///< of the successes may be spent on hedges: 0 to 1
    std::optional<RetryBudget> retry_budget{}; ///< asked as well: where retries are refused nothing is hedged
    Classifier classifier{};                   ///< which failures another attempt may mend
    KeyFunction key = by_operation;            ///< whose latencies are of a kind; null: all
    std::size_t max_keys = 1'000;              ///< then the idle one used longest ago is forgotten
};

/// What a hedge has done and would do.
struct HedgeSnapshot {
    std::optional<Duration> delay{}; ///< nullopt: too few successes to know
    std::uint64_t samples = 0;       ///< of the quantile
    std::uint64_t sent = 0;          ///< attempts beside first ones
    std::uint64_t won = 0;           ///< of these, that answered first
    double tokens = 0;               ///< hedges that the budget would allow now
};

/// Sends another attempt when the first one is late, and takes whichever succeeds first: it trades a little
/// load for the tail of the latency. A failure that may be repeated sends the next at once; one that may not
/// ends the call, and so does a reply that asks for patience (429, 503 with a wait): that is for `Retry` to
/// obey. The losers are stopped and their connections closed.
///
/// Only what is safe to repeat is hedged. One that waits in a queue inside is paid for, counts as sent when
/// its attempt begins, and holds back those after it. Two budgets bound it: one of its own, fed by successes,
/// and the retry's, which it asks and does not charge. A handle: copies share latencies and budget, `clone`
/// shares none. Thread safety: all members from any thread. Cost: when nothing is late, a timer; each success
/// is a look-up and a sample. Source: "The Tail at Scale" (Dean, Barroso 2013); gRPC A6; Finagle's
/// BackupRequestFilter.
class BACKSTAY_EXPORT Hedge {
public:
    static constexpr Stage stage = Stage::hedge;

    class Call {
    private:
        friend class Hedge;
        RetryBudget::Call paid_;
        std::shared_ptr<detail::LatencyWindow> latencies_;
        TimePoint first_began_{};
        TimePoint due_{};
        bool hurry_ = false;   ///< an attempt failed: the next need not be waited for
        bool final_ = false;   ///< an attempt failed in a way that no other can mend
        bool patient_ = false; ///< the server asked for patience, or an attempt was refused here
        bool won_ = false;
        std::int8_t waits_ = 0; ///< the branch that was sent last, while it waits inside; 0: none
    };

    /// Throws `std::invalid_argument` naming the option that is out of range.
    explicit Hedge(const HedgeOptions& options = HedgeOptions());

    [[nodiscard]] Hedge clone() const;
    [[nodiscard]] StageDescription describe() const;
    [[nodiscard]] const HedgeOptions& options() const noexcept;

    Admission admit(Call& mine, CallContext& call) noexcept;
    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept;
    Branch next_branch(Call& mine, CallContext& call, int begun) noexcept;
    void branch_ended(Call& mine, CallContext& call, const BranchEnd& end) noexcept;

    [[nodiscard]] HedgeSnapshot snapshot(TimePoint now, const CallKey& key = CallKey()) const;

private:
    struct State;

    [[nodiscard]] TimePoint next_due(Call& mine, const CallContext& call) const noexcept;
    [[nodiscard]] bool may_send(Call& mine, const CallContext& call) const noexcept;
    [[nodiscard]] bool still_waits(const Call& mine) const noexcept;
    void note_sent(Call& mine, const CallContext& call) const noexcept;

    std::shared_ptr<State> state_;
};

static_assert(BranchingPolicy<Hedge> && sizeof(Hedge::Call) <= 72);

} // namespace backstay::inline BACKSTAY_ABI
