#include "policy/cool_down_gate.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

/// \file
/// Those who wait at a gate, and what it tells of itself.

namespace backstay::inline BACKSTAY_ABI::detail {

bool CoolDownGate::enqueue(CoolDownVisit& visit, Waker waker) noexcept {
    const std::lock_guard lock(mutex_);
    if (visit.called) {
        return false;
    }
    if (visit.ring != CoolDownVisit::Ring::none) {
        std::swap(visit.waker, waker); // an old one dies after the lock
    }
    return true;
}

void CoolDownGate::enter(CoolDownVisit& visit) noexcept {
    if (visit.ring != CoolDownVisit::Ring::waiting) {
        in_rings_ += visit.ring == CoolDownVisit::Ring::none ? 1U : 0U;
        visit.ring = CoolDownVisit::Ring::waiting;
        waiting_.add(visit);
    }
}

void CoolDownGate::leave(CoolDownVisit& visit, TimePoint now, After& after) noexcept {
    if (visit.ring == CoolDownVisit::Ring::none) {
        return;
    }
    const bool first = waiting_.first() == &visit;
    visit.ring = CoolDownVisit::Ring::none;
    visit.RingPlace::leave();
    --in_rings_;
    if (first && ends_.next_probe(now) != end_of_time) {
        call_first(after);
    }
}

void CoolDownGate::call_first(After& after) noexcept {
    CoolDownVisit* const first = waiting_.first();
    if (first == nullptr) {
        return;
    }
    first->called = true;
    if (first->waker) { // else it has not left one yet, or was called just now
        after.next = std::exchange(first->waker, {});
    }
}

void CoolDownGate::call_out(TimePoint deadlines_until, After& after) noexcept {
    CoolDownVisit* const first = waiting_.first();
    for (CoolDownVisit* visit = first; visit != nullptr;) {
        CoolDownVisit* const next = waiting_.after(*visit);
        if (visit->deadline <= deadlines_until) {
            visit->called = true;
            visit->ring = CoolDownVisit::Ring::called;
            called_.add(*visit);
            after.called = true;
        }
        visit = next;
    }
    if (waiting_.first() != first) {
        call_first(after);
    }
}

void CoolDownGate::carry_out(After& after) noexcept {
    after.next.wake();
    while (after.called) {
        Waker waker;
        {
            const std::lock_guard lock(mutex_);
            CoolDownVisit* const visit = called_.first();
            if (visit == nullptr) {
                return;
            }
            visit->ring = CoolDownVisit::Ring::none;
            visit->RingPlace::leave();
            --in_rings_;
            waker = std::exchange(visit->waker, {});
        }
        waker.wake();
    }
}

CoolDownSnapshot CoolDownGate::snapshot(TimePoint now) const noexcept {
    const std::lock_guard lock(mutex_);
    CoolDownSnapshot shown{.cause = ends_.cause(now),
                           .next_chance = now,
                           .waiting = in_rings_,
                           .probe_out = ends_.probe_out(now),
                           .closings = closings_,
                           .held = held_,
                           .refused = refused_};
    if (now < ends_.until()) {
        shown.state = CoolDownState::closed;
        shown.remaining = ends_.until() - now;
        shown.next_chance = std::min(ends_.until(), ends_.next_probe(now));
    } else if (now < pace_.until()) {
        shown.state = CoolDownState::pacing;
        shown.next_chance = std::min(pace_.next(now), pace_.until());
    }
    return shown;
}

void CoolDownGate::tell_closing(const CallContext& call, const Failure* failure,
                                Duration lasts) const noexcept {
    const Failure by = failure != nullptr ? *failure : Failure{};
    const std::string_view kind = to_string(by.kind);
    const auto named = static_cast<double>(by.hint.count()) * Duration::period::num / Duration::period::den;
    std::array<char, 128> text{};
    int written = 0;
    if (failure == nullptr) {
        written = std::snprintf(text.data(), text.size(), "a reply told of a quota that is spent");
    } else if (closes_at_once(by, options_->classifier)) {
        written = std::snprintf(text.data(), text.size(), "%.*s named %g s", static_cast<int>(kind.size()),
                                kind.data(), named);
    } else {
        written =
            std::snprintf(text.data(), text.size(), "%d times %.*s, the last named %g s",
                          options_->unavailable_count, static_cast<int>(kind.size()), kind.data(), named);
    }
    call.notify({.type = EventType::cooled_down,
                 .kind = by.kind,
                 .status = by.status,
                 .hint_flags = by.flags,
                 .dry_run = options_->dry_run,
                 .delay = lasts,
                 .detail = {text.data(), static_cast<std::size_t>(std::max(written, 0))}});
}

} // namespace backstay::inline BACKSTAY_ABI::detail
