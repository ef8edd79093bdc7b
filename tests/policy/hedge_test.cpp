#include <backstay/policy/hedge.hpp>

#include "support/catch.hpp"
#include "support/policy_call.hpp"

#include <limits>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

const Failure broken = reply(500);

/// A hedged call as the driver runs it: `begin` is the first branch's attempt.
struct Hedged : PolicyCall<Hedge> {
    Hedged(const Hedge& hedge, TimePoint& clock, const CallSettings& with = CallSettings{})
        : PolicyCall(hedge, clock, with), now(clock) {
        (void)admit();
    }
    Branch begin() {
        begin_attempt();
        return next(1);
    }
    Branch next(int begun) {
        context.now = now;
        return policy().next_branch(mine(), context, begun);
    }
    void ended(int index, const Failure* failure, TimePoint began) {
        context.now = now;
        policy().branch_ended(mine(), context, {.index = index, .attempt_began = began, .failure = failure});
    }
    void ended(int index, const Failure& failure) { ended(index, &failure, context.attempt_began); }

    TimePoint& now;
};

bool starts_now(const Branch& branch, TimePoint now) {
    return branch.answer == Branch::Answer::start_at && branch.at <= now;
}
bool waits_until(const Branch& branch, TimePoint at) {
    return branch.answer == Branch::Answer::start_at && branch.at == at;
}
bool sends_no_more(const Branch& branch) {
    return branch.answer == Branch::Answer::no_more;
}

/// Makes so many calls that succeed at the first attempt after so long.
void succeed(const Hedge& hedge, TimePoint& now, int calls, Duration latency,
             const CallSettings& with = CallSettings{}) {
    for (int i = 0; i < calls; ++i) {
        Hedged call(hedge, now, with);
        (void)call.begin();
        now += latency;
        call.ended(0, nullptr, call.context.attempt_began);
        (void)call.settle(nullptr);
    }
}

} // namespace

TEST_CASE("a fixed delay: another attempt is sent when it is over, one by default", "[hedge]") {
    TimePoint now = start_of_test;
    const Hedge hedge({.delay = 50ms});
    Hedged call(hedge, now);
    CHECK(waits_until(call.begin(), now + 50ms));
    now += 50ms;
    CHECK(starts_now(call.next(1), now));
    CHECK(sends_no_more(call.next(2)));
    CHECK(hedge.snapshot(now).sent == 1);
}

TEST_CASE("a call that passes the hedge by is not hedged, not after a failure either", "[hedge]") {
    TimePoint now = start_of_test;
    const Hedge hedge({.delay = 50ms});
    CallSettings settings;
    settings.overrides.without.add(Stage::hedge);
    Hedged call(hedge, now, settings);
    CHECK(sends_no_more(call.begin()));
    now += 50ms;
    call.ended(0, Failure{.kind = FailureKind::server_error, .reach = Reach::answered});
    CHECK(sends_no_more(call.next(1)));
    CHECK(hedge.snapshot(now).sent == 0);
}

TEST_CASE("more extra attempts follow at the same distance", "[hedge]") {
    TimePoint now = start_of_test;
    Hedged call(Hedge({.delay = 50ms, .max_extra = 2}), now);
    (void)call.begin();
    now += 50ms;
    CHECK(starts_now(call.next(1), now));
    CHECK(waits_until(call.next(2), now + 50ms));
    now += 50ms;
    CHECK(starts_now(call.next(2), now));
    CHECK(sends_no_more(call.next(3)));
}

TEST_CASE("without a delay it is the quantile of recent successes, after enough of them", "[hedge]") {
    TimePoint now = start_of_test;
    const Hedge hedge;
    succeed(hedge, now, 19, 100ms);
    CHECK(sends_no_more(Hedged(hedge, now).begin()));
    succeed(hedge, now, 1, 100ms);
    const Branch known = Hedged(hedge, now).begin();
    REQUIRE(known.answer == Branch::Answer::start_at);
    CHECK(known.at - now >= 100ms);
    CHECK(known.at - now <= 113ms);
    CHECK(hedge.snapshot(now).delay == known.at - now);
    CHECK(hedge.snapshot(now).samples == 20);
}

TEST_CASE("a quantile is kept for each origin and operation", "[hedge]") {
    TimePoint now = start_of_test;
    const Hedge hedge;
    CallSettings slow;
    slow.key = {.origin = "https://a", .operation = "report"};
    CallSettings quick;
    quick.key = {.origin = "https://a", .operation = "get"};
    succeed(hedge, now, 20, 2s, slow);
    CHECK(sends_no_more(Hedged(hedge, now, quick).begin()));
    succeed(hedge, now, 20, 10ms, quick);
    CHECK(Hedged(hedge, now, quick).begin().at - now < 12ms);
    CHECK(Hedged(hedge, now, slow).begin().at - now >= 2s);
}

TEST_CASE("it is never sent sooner than the minimum delay", "[hedge]") {
    TimePoint now = start_of_test;
    const Hedge hedge;
    succeed(hedge, now, 20, 10us);
    CHECK(waits_until(Hedged(hedge, now).begin(), now + 1ms));
    CHECK(waits_until(Hedged(Hedge({.delay = 0s}), now).begin(), now + 1ms));
}

TEST_CASE("a hedge that wins does not make the next hedge come sooner", "[hedge]") {
    TimePoint now = start_of_test;
    const Hedge hedge({.extra_ratio = 1});
    succeed(hedge, now, 100, 100ms);
    const Duration before = *hedge.snapshot(now).delay;
    for (int i = 0; i < 300; ++i) { // one call in ten is slow, and its hedge answers after 10 ms
        if (i % 10 != 0) {
            succeed(hedge, now, 1, 100ms);
            continue;
        }
        Hedged call(hedge, now);
        now = call.begin().at;
        REQUIRE(starts_now(call.next(1), now));
        const TimePoint sent = now;
        now += 10ms;
        call.ended(1, nullptr, sent);
        (void)call.settle(nullptr);
    }
    CHECK(*hedge.snapshot(now).delay >= before);
    CHECK(hedge.snapshot(now).won == 30);
}

TEST_CASE("a failure that may be repeated sends the next attempt at once", "[hedge]") {
    TimePoint now = start_of_test;
    Hedged call(Hedge({.delay = 50ms}), now);
    (void)call.begin();
    now += 5ms;
    call.ended(0, broken);
    CHECK(starts_now(call.next(1), now));
    call.ended(1, broken);
    CHECK(sends_no_more(call.next(2)));
}

TEST_CASE("a failure that no attempt can mend is final", "[hedge]") {
    TimePoint now = start_of_test;
    for (const int status : {400, 401, 403, 404, 409, 422}) {
        Hedged call(Hedge({.delay = 50ms}), now);
        (void)call.begin();
        call.ended(0, reply(status));
        CHECK(call.next(1).answer == Branch::Answer::final);
    }
}

TEST_CASE("a server that asks for patience gets no further attempt", "[hedge]") {
    TimePoint now = start_of_test;
    for (const Failure& failure : {reply(429), reply(429, 1s), reply(503, 1s)}) {
        Hedged call(Hedge({.delay = 50ms}), now);
        (void)call.begin();
        call.ended(0, failure);
        CHECK(sends_no_more(call.next(1)));
    }
}

TEST_CASE("what ended for a reason of our own sends nothing and decides nothing", "[hedge]") {
    TimePoint now = start_of_test;
    for (const Failure& failure :
         {refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 1s),
          refusal(FailureKind::concurrency_rejected, RefusedBy::concurrency_limit, 1s),
          lost(FailureKind::canceled), lost(FailureKind::deadline_exceeded)}) {
        Hedged call(Hedge({.delay = 50ms}), now);
        (void)call.begin();
        call.ended(0, failure);
        CHECK_FALSE(starts_now(call.next(1), now));
        CHECK(call.next(1).answer != Branch::Answer::final);
    }
}

TEST_CASE("only what is safe to repeat is hedged, unless the caller allows it", "[hedge]") {
    TimePoint now = start_of_test;
    CallSettings settings;
    settings.safe_to_repeat = false;
    CHECK(sends_no_more(Hedged(Hedge({.delay = 50ms}), now, settings).begin()));
    settings.overrides.allow_unsafe_retry = true;
    CHECK(waits_until(Hedged(Hedge({.delay = 50ms}), now, settings).begin(), now + 50ms));
}

TEST_CASE("an attempt that would begin at the deadline is not sent", "[hedge]") {
    TimePoint now = start_of_test;
    CallSettings settings;
    settings.deadline.at = now + 50ms;
    CHECK(sends_no_more(Hedged(Hedge({.delay = 50ms}), now, settings).begin()));
    settings.deadline.at = now + 51ms;
    CHECK(waits_until(Hedged(Hedge({.delay = 50ms}), now, settings).begin(), now + 50ms));
}

TEST_CASE("its own budget bounds hedges to a share of the successes", "[hedge]") {
    TimePoint now = start_of_test;
    const Hedge hedge({.delay = 50ms});
    int sent = 0;
    for (int i = 0; i < 2'000; ++i) { // every call is late
        Hedged call(hedge, now);
        (void)call.begin();
        now += 50ms;
        sent += starts_now(call.next(1), now) ? 1 : 0;
        ++call.context.attempt;
        call.ended(0, nullptr, call.context.attempt_began);
        (void)call.settle(nullptr);
    }
    CHECK(sent <= 3 + 100); // full at the start, then 5 %
    CHECK(sent >= 95);
    CHECK(hedge.snapshot(now).tokens < 2);
}

TEST_CASE("a hedge that never came to an attempt gives back what it took", "[hedge]") {
    TimePoint now = start_of_test;
    const Hedge hedge({.delay = 50ms});
    const double before = hedge.snapshot(now).tokens;
    {
        Hedged call(hedge, now);
        (void)call.begin();
        now += 50ms;
        REQUIRE(starts_now(call.next(1), now));
        CHECK(hedge.snapshot(now).tokens == Approx(before - 1));
        call.ended(0, broken); // the other was refused inside
        (void)call.settle(broken);
    }
    CHECK(hedge.snapshot(now).tokens == Approx(before));
}

TEST_CASE("where retries are refused nothing is hedged, and the retry budget is not charged", "[hedge]") {
    TimePoint now = start_of_test;
    const RetryBudget retries({.minimum_capacity = 1, .floor_interval = 0s});
    const Hedge hedge({.delay = 50ms, .retry_budget = retries});
    Hedged first(hedge, now);
    (void)first.begin();
    now += 50ms;
    CHECK(starts_now(first.next(1), now));
    CHECK(retries.tokens(now) == 1);

    PolicyCall<Hedge> other(hedge, now);
    RetryBudget::Call paid;
    REQUIRE(retries.withdraw(paid, other.context, broken));
    Hedged second(hedge, now);
    (void)second.begin();
    now += 50ms;
    CHECK(sends_no_more(second.next(1)));
}

TEST_CASE("a new round of a retry around it begins anew", "[hedge]") {
    TimePoint now = start_of_test;
    Hedged call(Hedge({.delay = 50ms}), now);
    (void)call.begin();
    call.ended(0, reply(404));
    (void)call.settle(reply(404));
    (void)call.admit();
    now += 1s;
    CHECK(waits_until(call.begin(), now + 50ms));
}

TEST_CASE("events tell which attempt was sent and which won", "[hedge]") {
    TimePoint now = start_of_test;
    EventLog log;
    CallSettings settings;
    settings.observer = &log;
    Hedged call(Hedge({.delay = 50ms}), now, settings);
    (void)call.begin();
    CHECK(log.events.empty());
    now += 50ms;
    (void)call.next(1);
    const TimePoint sent = now;
    now += 10ms;
    call.ended(1, nullptr, sent);
    call.ended(0, lost(FailureKind::canceled));
    REQUIRE(log.count(EventType::hedge_sent) == 1);
    CHECK(log.last(EventType::hedge_sent)->attempt == 2);
    CHECK(log.last(EventType::hedge_sent)->duration == 50ms);
    REQUIRE(log.count(EventType::hedge_won) == 1);
    CHECK(log.last(EventType::hedge_won)->attempt == 2);
    CHECK(log.last(EventType::hedge_won)->duration == 10ms);
}

TEST_CASE("a copy shares latencies and budget, a clone shares none", "[hedge]") {
    TimePoint now = start_of_test;
    const Hedge hedge;
    const Hedge copy = hedge; // NOLINT(performance-unnecessary-copy-initialization)
    const Hedge clone = hedge.clone();
    succeed(hedge, now, 20, 10ms);
    CHECK(copy.snapshot(now).samples == 20);
    CHECK(clone.snapshot(now).samples == 0);
}

TEST_CASE("it describes itself", "[hedge]") {
    CHECK(Hedge({.delay = 50ms}).describe().settings == "1 more after 50 ms");
    CHECK(Hedge().describe().settings == "1 more after the 95 % quantile of the latency");
    CHECK(Hedge().describe().most_attempts == 2);
    CHECK(Hedge().describe().at_once);
}

TEST_CASE("options out of range are refused by name", "[hedge]") {
    const auto refused = [](const HedgeOptions& options, const char* text) {
        CHECK_THROWS_WITH(Hedge(options), ContainsSubstring(text));
    };
    refused({.delay = -1ms}, "HedgeOptions.delay is -1 ms");
    refused({.quantile = 1}, "HedgeOptions.quantile is 1, allowed is above 0, below 1");
    refused({.quantile = std::numeric_limits<double>::quiet_NaN()}, "HedgeOptions.quantile");
    refused({.minimum_samples = 0}, "HedgeOptions.minimum_samples is 0");
    refused({.minimum_delay = -1s}, "HedgeOptions.minimum_delay");
    refused({.window = 1ms}, "HedgeOptions.window");
    refused({.max_extra = 0}, "HedgeOptions.max_extra is 0, allowed is 1 to 10");
    refused({.extra_ratio = 1.5}, "HedgeOptions.extra_ratio is 1.5");
    refused({.max_keys = 0}, "HedgeOptions.max_keys");
}
