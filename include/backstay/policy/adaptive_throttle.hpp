#pragma once

#include <backstay/core/classifier.hpp>
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
class Throttle;
}

struct AdaptiveThrottleOptions {
    /// Requests that are let through for each that was accepted, at least 1. So refusing begins when less
    /// than one in `k` is accepted; a smaller one spares the origin more and finds out later that it is well.
    double k = 2;
    double critical_k = 4;    ///< of critical calls, `k` or more
    double sheddable_k = 1.5; ///< of sheddable calls, 1 to `k`: they are refused first
    double max_refusal = 0.9; ///< no more than this share is refused, the rest probes: 0 to below 1
    Duration window = std::chrono::minutes{2}; ///< of 120 buckets, 120 ms to a day
    int minimum_requests = 10; ///< a window that holds fewer knows no ratio; 0: refuses after the first loss

    Classifier classifier{}; ///< what is overload, and what a failure without an answer
    /// A call that its own deadline cut sooner after the attempt began says nothing about the origin.
    Duration min_observed = std::chrono::milliseconds{500};

    KeyFunction key = by_origin;  ///< one throttle for each key; null: one for all calls
    std::size_t max_keys = 1'000; ///< more than that: the one that nobody used for longest is forgotten
    bool dry_run = false;         ///< decides, counts and reports, and lets every call through
};

/// A throttle as of a point in time.
struct AdaptiveThrottleSnapshot {
    std::uint64_t requests = 0; ///< in the window, those refused here included
    std::uint64_t accepts = 0;
    double refusal = 0;        ///< the share of calls of normal priority that are refused
    std::uint64_t refused = 0; ///< here, since it was made; in a dry run: those that would have been
};

struct KeyedThrottleSnapshot {
    std::string key{}; ///< the origin, then `credential=..` and so on; empty for a throttle of all calls
    AdaptiveThrottleSnapshot throttle{};
};

/// Refuses a share of the calls to an origin that does not accept them, as large as what it sends there in
/// vain: max(0, (requests - k * accepts) / (requests + 1)). It never refuses all, so it learns by itself when
/// the origin is well again, and needs no state but two counts.
///
/// An accept is any answer that is no overload: also a 404 or a 500 was worked on. Overload (429, 503, 504,
/// timeouts) and what was lost without an answer is a request and no accept; so is a call refused here, or
/// refusing would end itself. What says nothing of the origin (cancelled, refused by another stage, failed in
/// this process) is neither. An attempt is counted when it ends: those under way are no proof of overload.
/// Priorities differ in `k`: at any moment sheddable calls are refused more often than normal ones, and these
/// more often than critical ones.
///
/// A handle: a copy shares all counts, `clone` shares none. It, or a copy, outlives the calls it admitted.
/// Errors: refuses with `throttled` and no time, which nobody knows; no exception, no allocation. When there
/// is no memory for a new key's counts its calls pass unwatched. Thread safety: all members from any thread.
/// Cost: while nothing was lost in the window a call takes no lock: one atomic read and one increment, and,
/// keyed, a look-up. Source: "Handling Overload" in the SRE book; Finagle, which keeps probing; criticality
/// as in the same chapter.
class BACKSTAY_EXPORT AdaptiveThrottle {
public:
    static constexpr Stage stage = Stage::adaptive_throttle;

    class Call {
    private:
        friend class AdaptiveThrottle;
        std::shared_ptr<detail::Throttle> throttle_; ///< found once per call
    };

    /// Throws `std::invalid_argument` naming the option that is out of range.
    explicit AdaptiveThrottle(const AdaptiveThrottleOptions& options = AdaptiveThrottleOptions());

    [[nodiscard]] AdaptiveThrottle clone() const;
    [[nodiscard]] StageDescription describe() const;
    [[nodiscard]] const AdaptiveThrottleOptions& options() const noexcept;

    Admission admit(Call& mine, CallContext& call) noexcept;
    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept;

    /// Tells how the throttle of this key stands at `now`. A key that was never seen is empty.
    [[nodiscard]] AdaptiveThrottleSnapshot snapshot(TimePoint now,
                                                    const CallKey& key = CallKey()) const noexcept;

    /// The same for every throttle there is.
    [[nodiscard]] std::vector<KeyedThrottleSnapshot> snapshots(TimePoint now) const;

private:
    struct State;

    std::shared_ptr<State> state_;
};

static_assert(Policy<AdaptiveThrottle> && sizeof(AdaptiveThrottle::Call) <= 16);

} // namespace backstay::inline BACKSTAY_ABI
