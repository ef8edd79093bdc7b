#include "policy/cool_down_ends.hpp"

#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

CoolDownEnds::CoolDownEnds(std::shared_ptr<const CoolDownOptions> options)
    : options_(std::move(options)),
      unavailable_at_(static_cast<std::size_t>(options_->unavailable_count), TimePoint::min()) {}

CoolDownCause CoolDownEnds::cause(TimePoint now) const noexcept {
    if (now < limited_until_) {
        return limited_by_;
    }
    return now < unavailable_until_ ? CoolDownCause::unavailable : CoolDownCause::none;
}

CoolDownEnds::Change CoolDownEnds::hear(const Failure& failure, TimePoint now) noexcept {
    const TimePoint before = until();
    const TimePoint end = saturating_add(now, std::min(failure.hint, options_->max_cool_down));
    if (closes_at_once(failure, options_->classifier)) {
        if (end > limited_until_) {
            limited_until_ = end;
            limited_by_ = CoolDownCause::rate_limited;
        }
        return changed(before, now);
    }
    const bool enough = count_unavailable(now);
    if (now < unavailable_until_) {
        unavailable_until_ = std::max(unavailable_until_, end);
    } else if (enough) {
        unavailable_until_ = end;
        next_probe_at_ = saturating_add(now, options_->probe_every);
    }
    return changed(before, now);
}

CoolDownEnds::Change CoolDownEnds::hear(ServerQuota spent, TimePoint now) noexcept {
    const TimePoint before = until();
    const TimePoint end = saturating_add(now, std::min(spent.resets_in, options_->max_cool_down));
    if (end > limited_until_) {
        limited_until_ = end;
        limited_by_ = CoolDownCause::quota_spent;
    }
    return changed(before, now);
}

bool CoolDownEnds::count_unavailable(TimePoint now) noexcept {
    unavailable_at_[oldest_] = now;
    oldest_ = (oldest_ + 1) % unavailable_at_.size();
    return unavailable_at_[oldest_] > saturating_add(now, -options_->unavailable_window);
}

CoolDownEnds::Change CoolDownEnds::changed(TimePoint before, TimePoint now) noexcept {
    if (until() <= before) {
        return Change::none;
    }
    const bool anew = now >= before;
    if (anew) {
        closed_since_ = now;
        probes_.clear(); // whoever probed what was closed before says nothing about this
    }
    span_ = span_of(until() - closed_since_);
    return anew ? Change::closed : Change::lengthened;
}

void CoolDownEnds::open() noexcept {
    unavailable_until_ = TimePoint::min();
    std::fill(unavailable_at_.begin(), unavailable_at_.end(), TimePoint::min());
}

void CoolDownEnds::clear() noexcept {
    open();
    limited_until_ = TimePoint::min();
    probes_.clear();
}

std::optional<ProbePlaces::Permit> CoolDownEnds::send_probe(TimePoint now) noexcept {
    next_probe_at_ = saturating_add(now, options_->probe_every);
    return probes_.take(now, options_->probe_lease);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
