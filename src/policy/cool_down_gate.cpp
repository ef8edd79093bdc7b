#include "policy/cool_down_gate.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

// ---- admitting

Admission CoolDownGate::admit(Call& mine, CallContext& call, const Self& self) noexcept {
    After after;
    const Admission answer = [&] {
        const std::lock_guard lock(mutex_);
        return decide(mine, call, self, after);
    }();
    carry_out(after);
    return answer;
}

Admission CoolDownGate::decide(Call& mine, CallContext& call, const Self& self, After& after) noexcept {
    const TimePoint end = ends_.until();
    if (call.now >= end) {
        return at_open_gate(mine, call, self, after);
    }
    if (call.now >= ends_.next_probe(call.now)) {
        return send_probe(mine, call, self, after);
    }
    if (waited_out(call)) {
        return let_go(mine, call.now, after);
    }
    // compared before the spread, as the retry compares before its jitter
    return end >= patience(mine, call) ? refuse(mine, call.now, end, after)
                                       : hold(mine, call, self, end, ends_.span(), false);
}

TimePoint CoolDownGate::patience(const Call& mine, const CallContext& call) noexcept {
    if (mine.visit_ != nullptr) {
        return mine.visit_->deadline;
    }
    const auto& most = call.overrides.max_server_wait;
    return most ? std::min(call.deadline.at, saturating_add(saturating_add(call.now, *most), Duration(1)))
                : call.deadline.at;
}

Admission CoolDownGate::at_open_gate(Call& mine, CallContext& call, const Self& self, After& after) noexcept {
    if (CoolDownVisit* const visit = mine.visit_; visit != nullptr) {
        if (visit->paced && call.now < std::min(visit->until, pace_.until())) {
            return hold(mine, call, self, visit->until, Duration::zero(), true);
        }
        visit->until = std::min(visit->until, call.now); // it may have opened early: spread from here on
        if (call.now >= visit->release()) {
            return let_go(mine, call.now, after);
        }
        leave(*visit, call.now, after);
        visit->called = false;
        return Admission::wait(visit->release());
    }
    if (call.now >= pace_.until()) {
        return Admission::proceed();
    }
    const TimePoint turn = std::min(pace_.next(call.now), pace_.until());
    if (turn > call.now && turn >= patience(mine, call)) {
        return refuse(mine, call.now, turn, after);
    }
    if (turn == pace_.until()) { // more calls than the quota allows: they wait for the new one
        return hold(mine, call, self, turn, ends_.span_of(turn - call.now), false);
    }
    const Admission answer =
        turn > call.now ? hold(mine, call, self, turn, Duration::zero(), true) : Admission::proceed();
    if (answer.answer != Admission::Answer::reject) {
        pace_.take(call.now);
    }
    return answer;
}

Admission CoolDownGate::let_go(Call& mine, TimePoint now, After& after) noexcept {
    if (mine.visit_ != nullptr) {
        leave(*mine.visit_, now, after);
        after.left.reset(std::exchange(mine.visit_, nullptr));
    }
    return Admission::proceed();
}

Admission CoolDownGate::refuse(Call& mine, TimePoint now, TimePoint end, After& after) noexcept {
    let_go(mine, now, after);
    ++refused_;
    return Admission::reject(refusal(FailureKind::cooling_down, RefusedBy::cool_down, end - now));
}

Admission CoolDownGate::hold(Call& mine, CallContext& call, const Self& self, TimePoint end, Duration span,
                             bool paced) noexcept {
    if (mine.visit_ == nullptr) {
        const TimePoint latest = patience(mine, call);
        mine.visit_ = new (std::nothrow) CoolDownVisit(self);
        if (mine.visit_ == nullptr) {
            After nothing;
            return refuse(mine, call.now, end, nothing);
        }
        mine.visit_->deadline = latest;
        mine.visit_->draw = call.random != nullptr ? call.random->unit() : 0;
        ++held_;
    }
    CoolDownVisit& visit = *mine.visit_;
    const auto room = static_cast<double>((call.deadline.at - end).count()) / 2; // the rest is the attempt's
    const double most = std::min(static_cast<double>(span.count()), room);
    visit.until = end;
    visit.spread = Duration(static_cast<Duration::rep>(most * visit.draw));
    visit.paced = paced;
    visit.called = false;
    enter(visit);
    const bool first = waiting_.first() == &visit;
    return Admission::wait(first ? std::min(visit.release(), ends_.next_probe(call.now)) : visit.release());
}

Admission CoolDownGate::send_probe(Call& mine, CallContext& call, const Self& self, After& after) noexcept {
    if (mine.visit_ == nullptr) {
        mine.visit_ = new (std::nothrow) CoolDownVisit(self);
        if (mine.visit_ == nullptr) {
            return refuse(mine, call.now, ends_.until(), after);
        }
    }
    mine.visit_->probe = ends_.send_probe(call.now);
    leave(*mine.visit_, call.now, after);
    return Admission::proceed();
}

void CoolDownGate::try_out(Call& mine, CallContext& call, const Self& self) noexcept {
    TimePoint end = call.now; // of what would be its wait
    {
        After nothing; // nobody waits here
        const std::lock_guard lock(mutex_);
        if (call.now < ends_.until()) {
            if (call.now >= ends_.next_probe(call.now)) {
                send_probe(mine, call, self, nothing);
                return;
            }
            if (waited_out(call)) {
                return;
            }
            end = ends_.until();
            mine.ignored_ = true; // it would not have been sent now
        } else if (call.now < pace_.until()) {
            end = std::min(pace_.next(call.now), pace_.until());
            mine.ignored_ = end > call.now && end >= patience(mine, call);
            if (!mine.ignored_) {
                pace_.take(call.now);
            }
        }
        if (end > call.now) {
            ++(end >= patience(mine, call) ? refused_ : held_);
        }
    }
    if (end > call.now) {
        call.notify({.type = EventType::refused,
                     .kind = FailureKind::cooling_down,
                     .refused_by = RefusedBy::cool_down,
                     .dry_run = true,
                     .delay = end - call.now,
                     .detail = end >= patience(mine, call) ? "would be refused" : "would wait"});
    }
}

// ---- settling

void CoolDownGate::settle(Call& mine, CallContext& call, const Failure* failure, bool heard,
                          ServerQuota quota) noexcept {
    using Change = CoolDownEnds::Change;
    After after;
    Change change = Change::none;
    Duration lasts{0};
    {
        const std::lock_guard lock(mutex_);
        if (heard) {
            change = ends_.hear(*failure, call.now);
        } else if (quota.told() && quota.remaining == 0) {
            change = ends_.hear(quota, call.now);
        } else if (quota.told()) {
            pace_.set(call.now, quota, options_->max_cool_down, in_rings_ > 0);
        }
        if (change == Change::closed) {
            ++closings_;
            lasts = ends_.until() - call.now;
        } else if (change == Change::lengthened) {
            call_out(ends_.until(), after); // before others are called: who is doomed is to know it
        }
        if (mine.visit_ != nullptr) {
            conclude_probe(*mine.visit_, failure, heard, after);
            after.left.reset(std::exchange(mine.visit_, nullptr));
        }
        note_ends();
    }
    carry_out(after);
    if (change == Change::closed && call.observed(EventType::cooled_down)) {
        tell_closing(call, heard ? failure : nullptr, lasts);
    }
}

/// A 429 that names no wait does not open a gate either; what is cancelled on its way decides nothing.
void CoolDownGate::conclude_probe(CoolDownVisit& probe, const Failure* failure, bool heard,
                                  After& after) noexcept {
    if (!ends_.take_back(*probe.probe)) {
        return;
    }
    const bool canceled = failure != nullptr && (failure->kind == FailureKind::canceled ||
                                                 failure->kind == FailureKind::client_closed);
    const bool replied = failure == nullptr || (failure->reach == Reach::answered && !canceled);
    if (replied && !heard && (failure == nullptr || failure->kind != FailureKind::rate_limited)) {
        ends_.open();
        call_out(end_of_time, after);
        return;
    }
    if (canceled) {
        ends_.probe_at_once();
    }
    call_first(after);
}

void CoolDownGate::give_back(CoolDownVisit& visit) noexcept {
    After after;
    {
        const std::lock_guard lock(mutex_);
        if (visit.probe && ends_.take_back(*visit.probe)) {
            ends_.probe_at_once();
            call_first(after);
        }
        leave(visit, TimePoint::min(), after);
    }
    carry_out(after);
}

void CoolDownGate::clear() noexcept {
    After after;
    {
        const std::lock_guard lock(mutex_);
        ends_.clear();
        pace_ = {};
        call_out(end_of_time, after);
        note_ends();
    }
    carry_out(after);
}

void CoolDownGate::note_ends() noexcept {
    heeded_until_.store(std::max(ends_.until(), pace_.until()).time_since_epoch().count(),
                        std::memory_order_release);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
