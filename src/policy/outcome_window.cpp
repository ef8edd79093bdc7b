#include <backstay/policy/detail/outcome_window.hpp>

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {
constexpr auto relaxed = std::memory_order_relaxed;
}

void TimeWindow::Bucket::clear() noexcept {
    calls.store(0, relaxed);
    failures.store(0, relaxed);
    slow.store(0, relaxed);
}

std::uint64_t TimeWindow::turns(TimePoint now) const noexcept {
    const Duration past = now.time_since_epoch() - Duration(bucket_end_.load(relaxed));
    return past < Duration::zero() ? 0 : static_cast<std::uint64_t>(past / width_) + 1;
}

void TimeWindow::turn(TimePoint now) noexcept {
    if (bucket_end_.load(relaxed) == not_begun) {
        bucket_end_.store(saturating_add(now, width_).time_since_epoch().count(), relaxed);
        return;
    }
    const std::uint64_t steps = turns(now);
    if (steps == 0) {
        return;
    }
    std::uint32_t current = current_.load(relaxed);
    for (std::uint64_t step = 0; step < std::min<std::uint64_t>(steps, bucket_count); ++step) {
        current = (current + 1) % bucket_count;
        buckets_[current].clear();
    }
    current_.store(current, relaxed);
    const TimePoint end(Duration(bucket_end_.load(relaxed)));
    bucket_end_.store(
        saturating_add(end, width_ * static_cast<Duration::rep>(steps)).time_since_epoch().count(), relaxed);
}

void TimeWindow::count(TimePoint now, CallOutcome outcome) noexcept {
    turn(now);
    Bucket& bucket = buckets_[current_.load(relaxed)];
    bucket.calls.fetch_add(1, relaxed);
    bucket.failures.fetch_add(outcome.failed ? 1 : 0, relaxed);
    bucket.slow.fetch_add(outcome.slow ? 1 : 0, relaxed);
}

OutcomeCounts TimeWindow::counts(TimePoint now) const noexcept {
    OutcomeCounts sum;
    if (bucket_end_.load(relaxed) == not_begun) {
        return sum;
    }
    const std::uint64_t ended = turns(now);
    const std::uint32_t current = current_.load(relaxed);
    for (std::uint32_t age = 0; age + ended < bucket_count; ++age) {
        const Bucket& bucket = buckets_[(current + bucket_count - age) % bucket_count];
        sum.calls += bucket.calls.load(relaxed);
        sum.failures += bucket.failures.load(relaxed);
        sum.slow += bucket.slow.load(relaxed);
    }
    return sum;
}

void TimeWindow::clear() noexcept {
    for (Bucket& bucket : buckets_) {
        bucket.clear();
    }
    bucket_end_.store(not_begun, relaxed);
}

void CountWindow::replace(std::atomic<std::uint8_t>& place, std::uint8_t seen) noexcept {
    const unsigned before = place.load(relaxed) == seen ? seen : place.exchange(seen, relaxed);
    const auto follow = [&](std::atomic<std::int64_t>& total, unsigned bit) {
        const int difference = ((seen & bit) != 0 ? 1 : 0) - ((before & bit) != 0 ? 1 : 0);
        if (difference != 0) {
            total.fetch_add(difference, relaxed);
        }
    };
    if (before != seen) {
        follow(calls_, call);
        follow(failures_, failure);
        follow(slow_, slow);
    }
}

void CountWindow::count(CallOutcome outcome) noexcept {
    std::uint32_t place = next_.load(relaxed);
    while (!next_.compare_exchange_weak(place, place + 1 == ring_.size() ? 0 : place + 1, relaxed)) {
    }
    replace(ring_[place],
            static_cast<std::uint8_t>(call | (outcome.failed ? failure : 0) | (outcome.slow ? slow : 0)));
}

OutcomeCounts CountWindow::counts() const noexcept {
    const auto read = [](const std::atomic<std::int64_t>& total) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(total.load(relaxed), 0));
    };
    return {.calls = read(calls_), .failures = read(failures_), .slow = read(slow_)};
}

void CountWindow::clear() noexcept {
    for (auto& place : ring_) {
        replace(place, 0);
    }
}

void OutcomeWindow::count(TimePoint now, CallOutcome outcome) noexcept {
    if (auto* const time = std::get_if<TimeWindow>(&kind_)) {
        time->count(now, outcome);
    } else {
        std::get<CountWindow>(kind_).count(outcome);
    }
}

OutcomeCounts OutcomeWindow::counts(TimePoint now) const noexcept {
    const auto* const time = std::get_if<TimeWindow>(&kind_);
    return time != nullptr ? time->counts(now) : std::get<CountWindow>(kind_).counts();
}

void OutcomeWindow::clear() noexcept {
    std::visit([](auto& window) { window.clear(); }, kind_);
}

bool OutcomeWindow::whole_since(TimePoint since, TimePoint now) const noexcept {
    if (const auto* const time = std::get_if<TimeWindow>(&kind_)) {
        return now - since >= time->length();
    }
    const auto& count = std::get<CountWindow>(kind_);
    return count.counts().calls >= count.length();
}

} // namespace backstay::inline BACKSTAY_ABI::detail
