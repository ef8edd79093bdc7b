#pragma once

/// \file
/// One gate as a plain list of rules, with no thought of speed or threads, to compare the real one with.

#include <backstay/policy/cool_down.hpp>

#include <algorithm>
#include <list>
#include <optional>
#include <vector>

namespace backstay::test {

class CoolDownModel {
public:
    /// What the model remembers of one call.
    struct Call {
        bool held = false;
        bool called = false; ///< is to ask again before its time
        std::optional<double> draw{};
        TimePoint until{};
        TimePoint release{};
        TimePoint deadline{};
        int probe = 0;
    };
    struct Answer {
        Admission::Answer kind = Admission::Answer::proceed;
        TimePoint until = end_of_time;
        Duration hint{0};
    };

    explicit CoolDownModel(const CoolDownOptions& with) : options(with) {}

    Answer admit(Call& mine, TimePoint now, TimePoint deadline, TimePoint served, Random& random) {
        mine.called = false;
        if (now >= end()) {
            if (!mine.held) {
                return {};
            }
            if (now < mine.until) { // it opened early
                mine.release = now + (mine.release - mine.until);
                mine.until = now;
            }
            leave_line(mine, now);
            mine.held = now < mine.release;
            return mine.held ? Answer{Admission::Answer::wait, mine.release} : Answer{};
        }
        if (next_probe(now) == now) {
            next_probe_at = now + options.probe_every;
            probe = mine.probe = ++probes;
            lease_end = now + options.probe_lease;
            leave_line(mine, now);
            mine.held = false;
            return {};
        }
        if (served != TimePoint{} && served >= end() - span()) {
            leave_line(mine, now);
            mine.held = false;
            return {};
        }
        if (end() >= deadline) {
            leave_line(mine, now);
            mine.held = false;
            return {Admission::Answer::reject, end_of_time, end() - now};
        }
        if (!mine.held) {
            mine.draw = random.unit();
        }
        mine.held = true;
        mine.deadline = deadline;
        mine.until = end();
        const auto room = static_cast<double>((deadline - end()).count()) / 2;
        const double most = std::min(static_cast<double>(span().count()), room);
        mine.release = end() + Duration(static_cast<Duration::rep>(most * *mine.draw));
        if (std::find(line.begin(), line.end(), &mine) == line.end()) {
            line.push_back(&mine);
        }
        return {Admission::Answer::wait,
                line.front() == &mine ? std::min(mine.release, next_probe(now)) : mine.release};
    }

    void settle(Call& mine, TimePoint now, const Failure* failure) {
        const bool heard = failure != nullptr && failure->reach != Reach::refused_here &&
                           failure->is(Failure::has_hint) && failure->hint > Duration::zero() &&
                           options.classifier[failure->kind].feeds_cool_down;
        if (heard) {
            hear(*failure, now);
        }
        const int was_probe = std::exchange(mine.probe, 0);
        if (was_probe == 0 || was_probe != probe) {
            return;
        }
        probe = 0;
        const bool canceled = failure != nullptr && failure->kind == FailureKind::canceled;
        if (failure == nullptr || (failure->reach == Reach::answered && !canceled && !heard &&
                                   failure->kind != FailureKind::rate_limited)) {
            unavailable = TimePoint::min();
            seen.clear();
            call_out(end_of_time);
            return;
        }
        if (canceled) {
            next_probe_at = TimePoint::min();
        }
        call_first();
    }

    void leave(Call& mine) {
        if (mine.probe != 0 && mine.probe == probe) {
            probe = 0;
            next_probe_at = TimePoint::min();
            call_first();
        }
        leave_line(mine, TimePoint::min());
        mine = {};
    }

    void clear() {
        limited = unavailable = TimePoint::min();
        seen.clear();
        probe = 0;
        call_out(end_of_time);
    }

    [[nodiscard]] TimePoint end() const { return std::max(limited, unavailable); }
    [[nodiscard]] TimePoint next_probe(TimePoint now) const {
        const TimePoint at =
            std::max({now, next_probe_at, limited, probe != 0 ? lease_end : TimePoint::min()});
        return at < unavailable ? at : end_of_time;
    }
    [[nodiscard]] CoolDownCause cause(TimePoint now) const {
        return now < limited       ? CoolDownCause::rate_limited
               : now < unavailable ? CoolDownCause::unavailable
                                   : CoolDownCause::none;
    }
    [[nodiscard]] bool probe_out(TimePoint now) const { return probe != 0 && now < lease_end; }

    CoolDownOptions options;
    std::list<Call*> line; ///< those who wait for the gate, by arrival

private:
    [[nodiscard]] Duration span() const { return spread; }

    void hear(const Failure& failure, TimePoint now) {
        const TimePoint before = end();
        const TimePoint named = now + std::min(failure.hint, options.max_cool_down);
        if (failure.kind == FailureKind::rate_limited) {
            limited = std::max(limited, named);
        } else {
            seen.push_back(now);
            const auto recent = std::count_if(seen.begin(), seen.end(), [&](TimePoint at) {
                return at > now - options.unavailable_window;
            });
            if (now < unavailable) {
                unavailable = std::max(unavailable, named);
            } else if (recent >= options.unavailable_count) {
                unavailable = named;
                next_probe_at = now + options.probe_every;
            }
        }
        if (end() <= before) {
            return;
        }
        if (now >= before) {
            ++closings;
            since = now;
            probe = 0;
        }
        spread = std::min(options.spread_max,
                          Duration(static_cast<Duration::rep>(static_cast<double>((end() - since).count()) *
                                                              options.spread_ratio)));
        if (now < before) {
            call_out(end());
        }
    }

    void leave_line(Call& mine, TimePoint now) {
        const bool first = !line.empty() && line.front() == &mine;
        line.remove(&mine);
        if (first && next_probe(now) != end_of_time) {
            call_first();
        }
    }
    void call_first() {
        if (!line.empty()) {
            line.front()->called = true;
        }
    }
    void call_out(TimePoint deadlines_until) {
        Call* const first = line.empty() ? nullptr : line.front();
        line.remove_if([&](Call* call) {
            const bool out = call->deadline <= deadlines_until;
            call->called |= out;
            return out;
        });
        if (!line.empty() && line.front() != first) {
            call_first();
        }
    }

    TimePoint limited = TimePoint::min();
    TimePoint unavailable = TimePoint::min();
    TimePoint since{};
    Duration spread{0};
    std::vector<TimePoint> seen; ///< 503s with a wait
    int probes = 0;
    int probe = 0; ///< the one that has the place
    TimePoint lease_end{};
    TimePoint next_probe_at{};

public:
    std::uint64_t closings = 0;
};

} // namespace backstay::test
