#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/policy/cool_down.hpp>

#include "policy/probe_places.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// True for what the server says to the client as such (429), false for what one sick node may say (503).
[[nodiscard]] inline bool closes_at_once(const Failure& failure, const Classifier& classifier) noexcept {
    return failure.kind == FailureKind::rate_limited || classifier[failure.kind].vote != Vote::failure;
}

/// Knows until when a gate is closed, and when it may be tried before that.
///
/// It has two ends, one that 429s set and one that 503s set: it is closed until the later one, and may be
/// tried between the first and the second. Serialised by the owner.
class CoolDownEnds {
public:
    enum class Change : std::uint8_t { none, closed, lengthened };

    explicit CoolDownEnds(std::shared_ptr<const CoolDownOptions> options);

    [[nodiscard]] TimePoint until() const noexcept { return std::max(limited_until_, unavailable_until_); }
    [[nodiscard]] CoolDownCause cause(TimePoint now) const noexcept;
    /// Over so long are those spread who are released, also when it is opened early.
    [[nodiscard]] Duration span() const noexcept { return span_; }
    /// Over so long after a wait of that length.
    [[nodiscard]] Duration span_of(Duration wait) const noexcept {
        const auto share = static_cast<double>(wait.count()) * options_->spread_ratio;
        return std::min(options_->spread_max, Duration(static_cast<Duration::rep>(share)));
    }

    /// Hears a failure that names a wait.
    Change hear(const Failure& failure, TimePoint now) noexcept;
    /// Hears of a quota of which nothing is left.
    Change hear(ServerQuota spent, TimePoint now) noexcept;

    /// Ends what 503s closed: one of them alone does not close it again.
    void open() noexcept;
    /// Ends and forgets everything.
    void clear() noexcept;

    /// When the next probe may go, `now` at the earliest; `end_of_time` when there is to be none.
    [[nodiscard]] TimePoint next_probe(TimePoint now) const noexcept {
        const TimePoint next = std::max({now, next_probe_at_, limited_until_, probes_.first_lease_end()});
        return next < unavailable_until_ ? next : end_of_time;
    }
    [[nodiscard]] std::optional<ProbePlaces::Permit> send_probe(TimePoint now) noexcept;
    /// Takes a probe's place back; false when it had lost it.
    bool take_back(ProbePlaces::Permit probe) noexcept { return probes_.give_back(probe); }
    /// Lets the next probe go at once: the last one found out nothing and cost the server nothing.
    void probe_at_once() noexcept { next_probe_at_ = TimePoint::min(); }
    [[nodiscard]] bool probe_out(TimePoint now) const noexcept { return probes_.out(now) > 0; }

private:
    [[nodiscard]] bool count_unavailable(TimePoint now) noexcept;
    Change changed(TimePoint before, TimePoint now) noexcept;

    const std::shared_ptr<const CoolDownOptions> options_;
    TimePoint limited_until_ = TimePoint::min();
    TimePoint unavailable_until_ = TimePoint::min();
    TimePoint closed_since_{};
    Duration span_{0};
    CoolDownCause limited_by_ = CoolDownCause::rate_limited;
    std::vector<TimePoint> unavailable_at_; ///< of the latest ones, as many as close it
    std::size_t oldest_ = 0;                ///< of them
    ProbePlaces probes_{1};
    TimePoint next_probe_at_{};
};

} // namespace backstay::inline BACKSTAY_ABI::detail
