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
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
class CoolDownGate;
class CoolDownGates;
struct CoolDownVisit;
} // namespace detail

struct CoolDownOptions {
    Duration max_cool_down = std::chrono::seconds{60}; ///< at a time, whatever wait the server names
    int unavailable_count = 3; ///< so many 503s with a wait close a gate; a single one does not
    Duration unavailable_window = std::chrono::seconds{10}; ///< within so long
    Duration probe_every = std::chrono::seconds{5};  ///< tries a gate that 503s closed; never one of a 429
    Duration probe_lease = std::chrono::seconds{60}; ///< a probe that takes longer loses its place
    double spread_ratio = 0.1;                       ///< of the cool-down: calls are released over so long
    Duration spread_max = std::chrono::seconds{1};   ///< at most so long; 0: all at once
    bool pace = false; ///< spaces calls so that what is left of a quota lasts until it is granted anew

    Classifier classifier{};      ///< which failures close a gate, when they carry a wait
    KeyFunction key = by_client;  ///< one gate per such key; null: one for all calls
    std::size_t max_keys = 1'000; ///< more than that: the one that nobody used for longest is forgotten
    bool dry_run = false;         ///< decides, counts and reports; nobody waits, nobody is refused
};

enum class CoolDownState : std::uint8_t {
    open,
    closed,
    pacing, ///< open, and calls are spaced
};

/// What a gate was closed by.
enum class CoolDownCause : std::uint8_t {
    none,
    rate_limited, ///< a 429: nobody knocks before the time
    unavailable,  ///< 503s: probes knock
    quota_spent,  ///< a reply that told of a quota of which nothing is left; only with `pace`
};

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(CoolDownState state) noexcept;
[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(CoolDownCause cause) noexcept;

/// A gate as of a point in time.
struct CoolDownSnapshot {
    CoolDownState state = CoolDownState::open;
    CoolDownCause cause = CoolDownCause::none;
    Duration remaining{0};   ///< until it opens by itself; 0 when it is open
    TimePoint next_chance{}; ///< when a call may pass at the earliest: that time, or a probe's
    std::size_t waiting = 0;
    bool probe_out = false;     ///< its lease has not ended
    std::uint64_t closings = 0; ///< so far, as all that follows
    std::uint64_t held = 0;     ///< calls that had to wait; in a dry run: that would have had to
    std::uint64_t refused = 0;
};

struct KeyedCoolDownSnapshot {
    std::string key{}; ///< the origin, then `credential=..` and so on
    CoolDownSnapshot gate{};
};

/// Holds back all calls of a client when its server asks one of them for patience.
///
/// A 429 with a wait closes the gate of the call's key at once, and nobody knocks before the time: some
/// servers lengthen the ban. 503s with a wait close it when they come in number, for one node in maintenance
/// is not the service; then a probe now and then finds out, and any reply to it but a 429 or a 503 with a
/// wait opens the gate. A later end lengthens a closed gate, an earlier one never shortens it. Meanwhile
/// calls wait; one whose deadline comes first is refused at once with the time that remains. Those released
/// are spread, also when the gate opens early. A call that has itself waited out what its server named, to
/// within that spread of the end, is neither held nor spread: nobody waits twice.
///
/// A handle: a copy shares all gates, `clone` shares none. It, or a copy, outlives the calls it admitted.
/// Errors: refuses with `cooling_down`; no exception, and no allocation when it refuses. Without memory for
/// a new gate nobody is held; without memory to wait a call is refused.
/// Cancellation: a waiting call leaves; a probe gives its place back and decides nothing.
/// Thread safety: all members from any thread; wakers and observers are called outside any lock.
/// Cost: one atomic load while no gate of any key is closed, else a look-up; a mutex at a closed gate.
/// Source: RFC 9110 section 10.2.3 and RFC 6585 section 4, obeyed by all callers of a client together.
class BACKSTAY_EXPORT CoolDown {
public:
    static constexpr Stage stage = Stage::cool_down;

    class BACKSTAY_EXPORT Call {
    public:
        Call() noexcept = default;
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (visit_ != nullptr) {
                leave();
            }
        }

    private:
        friend class CoolDown;
        friend class detail::CoolDownGate;

        void leave() noexcept;

        detail::CoolDownVisit* visit_ = nullptr; // while it waits at a gate, or is a probe
        bool ignored_ = false;                   // a dry run let through what would not have been sent
    };

    /// Throws `std::invalid_argument` naming the option that is out of range.
    explicit CoolDown(const CoolDownOptions& options = CoolDownOptions());

    [[nodiscard]] CoolDown clone() const;
    [[nodiscard]] StageDescription describe() const;
    [[nodiscard]] const CoolDownOptions& options() const noexcept;

    Admission admit(Call& mine, CallContext& call) noexcept;
    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
        if (failure != nullptr || mine.visit_ != nullptr || mine.ignored_ || call.quota.told()) [[unlikely]] {
            heed(mine, call, failure);
        }
        return Verdict::pass();
    }
    bool enqueue(Call& mine, Waker waker) noexcept;

    /// Opens the gate of this key by hand and forgets what closed it. Those who wait are released, spread.
    void clear(const CallKey& key) noexcept;
    /// The same for every gate there is.
    void clear();

    /// Tells how the gate of this key stands at `now`. A key that no server ever asked for patience is open.
    [[nodiscard]] CoolDownSnapshot snapshot(TimePoint now, const CallKey& key = CallKey()) const noexcept;

    /// The same for every gate there is.
    [[nodiscard]] std::vector<KeyedCoolDownSnapshot> snapshots(TimePoint now) const;

private:
    void heed(Call& mine, CallContext& call, const Failure* failure) noexcept;

    std::shared_ptr<detail::CoolDownGates> gates_;
};

static_assert(QueueingPolicy<CoolDown> && sizeof(CoolDown::Call) <= 16);

} // namespace backstay::inline BACKSTAY_ABI
