#pragma once

#include <backstay/policy/cool_down.hpp>

#include "policy/cool_down_ends.hpp"
#include "policy/pace.hpp"
#include "policy/waiting_ring.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What a call needs that waits at a gate, or is its probe. Guarded by the gate's mutex, but for `gate`.
struct CoolDownVisit final : RingPlace {
    explicit CoolDownVisit(std::shared_ptr<CoolDownGate> at) noexcept : gate(std::move(at)) {}

    const std::shared_ptr<CoolDownGate> gate;
    Waker waker;
    TimePoint until{};    ///< when the gate opens, as it was told last; or its turn, when it is paced
    TimePoint deadline{}; ///< when its patience ends, as its first question found it
    Duration spread{0};   ///< it is released so much later
    double draw = 0;      ///< its share of what the released are spread over
    bool paced = false;
    bool called = false; ///< since it was told to wait: it is to ask again
    enum class Ring : std::uint8_t { none, waiting, called } ring = Ring::none;
    std::optional<ProbePlaces::Permit> probe;

    [[nodiscard]] TimePoint release() const noexcept { return saturating_add(until, spread); }
};

/// The gate of one key: lets calls pass, holds them, and sends one now and then as a probe.
///
/// Whoever is held waits for its own release; the first in the ring also for the time of the next probe. One
/// that is called because the gate opened has left the ring; one that is called to see when the next probe
/// may go keeps its place in it.
class CoolDownGate {
public:
    using Call = CoolDown::Call;
    using Self = std::shared_ptr<CoolDownGate>;

    explicit CoolDownGate(std::shared_ptr<const CoolDownOptions> options)
        : options_(std::move(options)), ends_(options_) {}

    /// Until when calls have to ask; later ones pass, unless they wait here.
    [[nodiscard]] TimePoint heeded_until() const noexcept {
        return TimePoint(Duration(heeded_until_.load(std::memory_order_acquire)));
    }

    /// `self` owns this gate.
    Admission admit(Call& mine, CallContext& call, const Self& self) noexcept;
    /// Does the same in a dry run: reports what would have been.
    void try_out(Call& mine, CallContext& call, const Self& self) noexcept;
    bool enqueue(CoolDownVisit& visit, Waker waker) noexcept;

    /// `heard`: the failure names a wait that is to be obeyed. `quota` is told when it is to be heeded.
    void settle(Call& mine, CallContext& call, const Failure* failure, bool heard,
                ServerQuota quota) noexcept;

    /// Takes back what a call holds that ends without being settled.
    void give_back(CoolDownVisit& visit) noexcept;

    void clear() noexcept;
    [[nodiscard]] CoolDownSnapshot snapshot(TimePoint now) const noexcept;

private:
    /// What has been decided under the lock and is to be done after it.
    struct After {
        std::unique_ptr<CoolDownVisit> left; ///< its waker must not die under the lock
        Waker next;                          ///< of the first in the ring, who is to look again
        bool called = false;                 ///< somebody is
    };

    // Under the mutex:
    Admission decide(Call& mine, CallContext& call, const Self& self, After& after) noexcept;
    Admission at_open_gate(Call& mine, CallContext& call, const Self& self, After& after) noexcept;
    Admission let_go(Call& mine, TimePoint now, After& after) noexcept;
    Admission refuse(Call& mine, TimePoint now, TimePoint end, After& after) noexcept;
    /// Makes the call wait until that end of a cool-down of which `span` is the spread, or until its turn.
    Admission hold(Call& mine, CallContext& call, const Self& self, TimePoint end, Duration span,
                   bool paced) noexcept;
    Admission send_probe(Call& mine, CallContext& call, const Self& self, After& after) noexcept;
    [[nodiscard]] bool waited_out(const CallContext& call) const noexcept {
        return call.served_wait_until != TimePoint{} &&
               call.served_wait_until >= saturating_add(ends_.until(), -ends_.span());
    }
    /// When the call can wait no longer: at its deadline, or when it would have waited here for longer than
    /// it will for a server.
    static TimePoint patience(const Call& mine, const CallContext& call) noexcept;
    void conclude_probe(CoolDownVisit& probe, const Failure* failure, bool heard, After& after) noexcept;
    void note_ends() noexcept;

    // Under the mutex, in cool_down_waiting.cpp:
    void enter(CoolDownVisit& visit) noexcept;
    void leave(CoolDownVisit& visit, TimePoint now, After& after) noexcept;
    /// Calls the first one to see when the next probe may go.
    void call_first(After& after) noexcept;
    /// Calls those out of the ring for whom it is time to go, because the gate opened, or because it stays
    /// closed past their deadlines.
    void call_out(TimePoint deadlines_until, After& after) noexcept;

    // Outside the lock:
    void carry_out(After& after) noexcept;
    void tell_closing(const CallContext& call, const Failure* failure, Duration lasts) const noexcept;

    std::atomic<Duration::rep> heeded_until_{TimePoint::min().time_since_epoch().count()};
    const std::shared_ptr<const CoolDownOptions> options_;
    mutable std::mutex mutex_;
    CoolDownEnds ends_;
    Pace pace_;
    WaitingRing<CoolDownVisit> waiting_;
    WaitingRing<CoolDownVisit> called_; ///< on their way out
    std::size_t in_rings_ = 0;
    std::uint64_t closings_ = 0;
    std::uint64_t held_ = 0;
    std::uint64_t refused_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
