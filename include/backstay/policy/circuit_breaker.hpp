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
#include <string_view>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
class Circuit;
class CircuitTable;
} // namespace detail

/// What makes a breaker open.
enum class CircuitWindow : std::uint8_t {
    consecutive, ///< `consecutive_failures` in a row, and nothing else but slowness
    count,       ///< the ratio of failures among the last `window_calls` calls
    time,        ///< the ratio of failures among the calls of the last `window_length`, in ten buckets
};

struct CircuitBreakerOptions {
    CircuitWindow window = CircuitWindow::time;
    Duration window_length = std::chrono::seconds{30}; ///< of `time` and `consecutive`, at least 10 ms
    int window_calls = 100;                            ///< of `count`
    int minimum_calls = 20;                            ///< a window that holds fewer calls knows no ratio
    double failure_ratio = 0.5;   ///< opens at failures/calls of so much or more; above 0, at most 1
    int consecutive_failures = 5; ///< in a row open while there are fewer than `minimum_calls`; 0: never
    double slow_ratio = 0;        ///< opens at slow calls/calls of so much or more; 0: never
    Duration slow_after{0};       ///< a call that takes longer is slow

    Duration open_for = std::chrono::seconds{5};          ///< the first time; twice as long each next time
    Duration longest_open_for = std::chrono::seconds{60}; ///< no doubling beyond
    double open_jitter = 0.1;                             ///< each opening lasts so much shorter or longer
    Duration max_open = std::chrono::minutes{5};          ///< whatever wait the server names

    int probes = 3;                                  ///< calls let through at a time while half-open
    int probe_successes = 2;                         ///< close it; one failure opens it again
    Duration probe_lease = std::chrono::seconds{60}; ///< a probe that takes longer loses its place
    bool wait_for_probe = false; ///< while half-open, others wait for the decision instead of being refused

    /// A call that its own deadline cut sooner after the attempt began says nothing about the origin.
    Duration min_observed = std::chrono::milliseconds{500};
    Classifier classifier{}; ///< what counts as a failure

    bool unkeyed = false;         ///< one circuit for all calls, whatever their key
    KeyFunction key = by_origin;  ///< one circuit for each key
    std::size_t max_keys = 1'000; ///< more than that: the one that nobody used for longest is forgotten
    bool dry_run = false;         ///< decides, counts and reports, and lets every call through
};

enum class CircuitState : std::uint8_t { closed, open, half_open, isolated };

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(CircuitState state) noexcept;

/// A circuit as of a point in time.
struct CircuitSnapshot {
    CircuitState state = CircuitState::closed;
    std::uint64_t calls = 0; ///< in the window
    std::uint64_t failures = 0;
    std::uint64_t slow = 0;
    double failure_ratio = 0; ///< 0 without calls
    std::uint32_t failures_in_a_row = 0;
    std::uint32_t openings = 0;   ///< since it was last closed for a whole window
    std::uint32_t probes_out = 0; ///< leases that ended not counted
    std::uint32_t probe_successes = 0;
    TimePoint next_change = end_of_time; ///< when time alone changes the state
};

struct KeyedCircuitSnapshot {
    std::string key{}; ///< the origin, then `credential=..` and so on; empty for an unkeyed breaker
    CircuitSnapshot circuit{};
};

/// Refuses calls to an origin that fails, and finds out with a few probes when it is well again.
///
/// It opens on a failure, or on a slow call, never on a success. A result counts only in the state in which
/// its call was let through: what comes back later says nothing about now. Any reply that the classifier does
/// not call a failure is a successful probe; a probe that ends without a reply and without a failure
/// (cancelled, thrown) gives its place back and decides nothing.
///
/// A handle: a copy shares all circuits, `clone` shares none. It, or a copy, outlives the calls it admitted.
/// Errors: refuses with `circuit_open` and the time until the next chance; no exception, no allocation.
/// When there is no memory for a new key's circuit its calls pass unwatched.
/// Thread safety: all members from any thread. Under concurrency a success may be counted in the neighbouring
/// bucket of the window; probes never exceed their limit. Events are sent outside any lock.
/// Cost: a call through a closed circuit takes no mutex; keyed, it looks its circuit up once.
/// Source: M. Nygard, "Release It!"; Polly, resilience4j and failsafe-go, and the faults found in them.
class BACKSTAY_EXPORT CircuitBreaker {
public:
    static constexpr Stage stage = Stage::circuit_breaker;

    class BACKSTAY_EXPORT Call {
    public:
        Call() noexcept = default;
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (held_ > Held::pass) {
                give_back();
            }
        }

    private:
        friend class CircuitBreaker;
        friend class detail::Circuit;
        enum class Held : std::uint8_t { nothing, pass, probe, place_in_queue };

        void give_back() noexcept;

        std::shared_ptr<detail::Circuit> circuit_;
        Waker waker_; // with next_ and linked_: guarded by the circuit's mutex while it is queued
        Call* next_ = nullptr;
        std::uint32_t ticket_ = 0; // the generation of a pass, the number of a probe
        std::uint16_t place_ = 0;  // of a probe
        bool linked_ = false;
        Held held_ = Held::nothing;
    };

    /// Holds a breaker isolated while it lives.
    class BACKSTAY_EXPORT Isolation {
    public:
        Isolation() noexcept = default;
        Isolation(Isolation&& other) noexcept : table_(std::move(other.table_)), id_(other.id_) {}
        Isolation& operator=(Isolation&& other) noexcept {
            release();
            table_ = std::move(other.table_);
            id_ = other.id_;
            return *this;
        }
        ~Isolation() { release(); }

        /// Ends it early.
        void release() noexcept;

    private:
        friend class CircuitBreaker;
        Isolation(std::shared_ptr<detail::CircuitTable> table, std::uint64_t id) noexcept
            : table_(std::move(table)), id_(id) {}

        std::shared_ptr<detail::CircuitTable> table_;
        std::uint64_t id_ = 0;
    };

    /// Throws `std::invalid_argument` naming the option that is out of range.
    explicit CircuitBreaker(const CircuitBreakerOptions& options = CircuitBreakerOptions());

    [[nodiscard]] CircuitBreaker clone() const;
    [[nodiscard]] StageDescription describe() const;
    [[nodiscard]] const CircuitBreakerOptions& options() const noexcept;

    Admission admit(Call& mine, CallContext& call) noexcept;
    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept;
    bool enqueue(Call& mine, Waker waker) noexcept;

    /// Refuses all calls, of every key, until the handle is gone or `until` has come. Several may be held:
    /// the breaker stays isolated until the last one ends. Attempts under way are not disturbed; calls that
    /// wait for a probe are refused. Holds in a dry run too: that is for what the breaker decides by itself.
    /// Sends no event: there is no call to which it belongs.
    [[nodiscard]] Isolation isolate(TimePoint until = end_of_time);

    /// Closes every circuit by hand, with an empty window and the shortest open time; ends no isolation.
    /// Sends no event: there is no call to which it belongs.
    void close();

    /// Tells how the circuit of this key stands at `now`: one whose open time is over shows as half-open even
    /// if no call has come since. A key that was never seen is closed and empty. Unkeyed: any key.
    [[nodiscard]] CircuitSnapshot snapshot(TimePoint now, const CallKey& key = CallKey()) const noexcept;

    /// The same for every circuit there is; of an isolated breaker without any, one with an empty key.
    [[nodiscard]] std::vector<KeyedCircuitSnapshot> snapshots(TimePoint now) const;

private:
    Admission admit_otherwise(Call& mine, CallContext& call) noexcept;

    std::shared_ptr<detail::CircuitTable> table_;
};

static_assert(QueueingPolicy<CircuitBreaker> && sizeof(CircuitBreaker::Call) <= 48);

} // namespace backstay::inline BACKSTAY_ABI
