#pragma once

#include <backstay/core/classifier.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/policy/aimd.hpp>
#include <backstay/policy/detail/slot_hold.hpp>
#include <backstay/policy/gradient2.hpp>
#include <backstay/policy/limit_bounds.hpp>
#include <backstay/policy/queue_order.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// What a limit is learned from.
enum class LimitAlgorithm : std::uint8_t {
    gradient2, ///< latency, and drops
    aimd,      ///< drops
};

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(LimitAlgorithm algorithm) noexcept;

struct AdaptiveConcurrencyOptions {
    LimitAlgorithm algorithm = LimitAlgorithm::gradient2;
    LimitBounds limit{};
    Gradient2Options gradient2{};
    AimdOptions aimd{};

    /// Calls that may wait for a slot, at most 1 000 000; 0: refuse at once. The default is one round of the
    /// smallest limit: it takes up a burst, and gives the priorities somebody to choose from. More would only
    /// add before the origin the waiting that the limit saves in it.
    int max_queued = 20;
    QueueOrder order = QueueOrder::fifo;

    Classifier classifier{}; ///< what is overload, and so a drop
    /// A call that its own deadline cut sooner after the attempt began says nothing about the origin.
    Duration min_observed = std::chrono::milliseconds{500};
    bool dry_run = false; ///< learns and reports what it would refuse; nobody waits, nobody is refused
};

struct AdaptiveConcurrencySnapshot {
    int limit = 0; ///< as learned by now
    int in_flight = 0;
    int queued = 0;        ///< in a dry run: those that would be
    Duration short_rtt{0}; ///< of `gradient2`: the average of its last window; 0 before one has passed
    Duration long_rtt{0};  ///< of `gradient2`: what the short one is compared with
};

/// Bounds how many attempts run at once by a limit that it learns from how they go: lower while latency grows
/// or the origin drops attempts, higher while it is well and the limit is in use. Those who find no slot wait
/// or are refused as with `ConcurrencyLimit`: first come first served, the lowest priority refused first, a
/// free slot handed over and not raced for.
///
/// A sample is a success, or what the classifier votes one (a reply of which the body does not decode), with
/// the time since `attempt_began`. A drop is what the classifier calls overload: timeouts, 429, 503, 504.
/// Anything else (4xx, a lost connection, cancelled, refused inside, never sent) is neither. The limit
/// belongs to one origin: two origins need two policies.
///
/// A handle: a copy shares limit and queue, `clone` starts anew with the same options. It, or a copy,
/// outlives the calls it admitted. Errors: refuses with `concurrency_rejected`; no exception, no allocation.
/// Thread safety: all members from any thread; a sample that meets another thread's is left out.
/// Cost: as `ConcurrencyLimit`, and an uncontended lock for each sample.
/// Source: Netflix concurrency-limits; see `Gradient2` and `Aimd`.
class BACKSTAY_EXPORT AdaptiveConcurrency {
public:
    static constexpr Stage stage = Stage::adaptive_concurrency;

    class Call {
    private:
        friend class AdaptiveConcurrency;
        detail::SlotHold slot_;
    };

    /// Throws `std::invalid_argument` naming the option that is out of range.
    explicit AdaptiveConcurrency(const AdaptiveConcurrencyOptions& options = AdaptiveConcurrencyOptions());

    [[nodiscard]] AdaptiveConcurrency clone() const;
    [[nodiscard]] StageDescription describe() const;
    [[nodiscard]] const AdaptiveConcurrencyOptions& options() const noexcept;

    Admission admit(Call& mine, CallContext& call) noexcept;
    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept;
    bool enqueue(Call& mine, Waker waker) noexcept;

    [[nodiscard]] AdaptiveConcurrencySnapshot snapshot() const noexcept;

private:
    struct State;

    std::shared_ptr<State> state_;
};

static_assert(QueueingPolicy<AdaptiveConcurrency> && sizeof(AdaptiveConcurrency::Call) <= 72);

} // namespace backstay::inline BACKSTAY_ABI
