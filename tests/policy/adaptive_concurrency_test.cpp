#include <backstay/policy/adaptive_concurrency.hpp>

#include "support/catch.hpp"

#include "limit_model.hpp"
#include "support/policy_call.hpp"

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

using Answer = Admission::Answer;
using Started = PolicyCall<AdaptiveConcurrency>;

AdaptiveConcurrencyOptions by_drops(int initial, int max_queued = 0) {
    AdaptiveConcurrencyOptions options;
    options.algorithm = LimitAlgorithm::aimd;
    options.limit = {.initial = initial, .min = 1, .max = 100};
    options.max_queued = max_queued;
    return options;
}

/// A limit with a clock, and calls of it.
class Bench {
public:
    explicit Bench(const AdaptiveConcurrencyOptions& options) : policy(options) {}

    [[nodiscard]] std::unique_ptr<Started> call(Priority priority = Priority::normal) {
        CallSettings settings;
        settings.priority = priority;
        settings.observer = &log;
        return std::make_unique<Started>(policy, now, settings);
    }
    /// A call that was let through and runs.
    [[nodiscard]] std::unique_ptr<Started> running() {
        auto one = call();
        REQUIRE(one->admit().answer == Answer::proceed);
        one->begin_attempt();
        return one;
    }
    /// Runs one call to its end.
    void run(const Failure* failure, Duration took = 10ms) {
        const auto one = running();
        now += took;
        one->settle(failure);
    }
    /// Runs so many at once.
    void run_together(int calls, Duration took, const Failure* failure = nullptr) {
        std::deque<std::unique_ptr<Started>> all;
        for (int i = 0; i < calls; ++i) {
            all.push_back(running());
        }
        now += took;
        for (const auto& one : all) {
            one->settle(failure);
        }
    }
    [[nodiscard]] int limit() const { return policy.snapshot().limit; }

    TimePoint now = start_of_test;
    EventLog log;
    AdaptiveConcurrency policy;
};

std::string complaint(const AdaptiveConcurrencyOptions& options) {
    try {
        const AdaptiveConcurrency policy(options);
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("options of an adaptive limit out of range are named", "[adaptive_concurrency]") {
    CHECK(complaint({}).empty());
    CHECK(complaint({.limit = {.initial = 10}}) ==
          "LimitBounds.initial is 10, allowed is min (20) to max (200)");
    CHECK(complaint({.max_queued = -1}) ==
          "AdaptiveConcurrencyOptions.max_queued is -1, allowed is 0 (no queue) to 1000000");
    CHECK(complaint({.min_observed = -1s}) ==
          "AdaptiveConcurrencyOptions.min_observed is -1 s, allowed is 0 s or longer");
    CHECK(complaint({.aimd = {.backoff_ratio = 2}}) ==
          "AimdOptions.backoff_ratio is 2, allowed is 0.5 to below 1"); // also of the law that is not chosen
}

TEST_CASE("an adaptive limit describes itself", "[adaptive_concurrency]") {
    const StageDescription text = AdaptiveConcurrency().describe();
    CHECK(text.name == "adaptive_concurrency");
    CHECK(text.settings == "20 .. 200 at once, from 20, by gradient2, tolerance 1.5, 20 queued fifo");
    CHECK(text.queues);
    AdaptiveConcurrencyOptions options = by_drops(5);
    options.dry_run = true;
    CHECK(AdaptiveConcurrency(options).describe().settings ==
          "1 .. 100 at once, from 5, by aimd, x0.9 after a drop or 5 s, no queue, dry run");
}

TEST_CASE("a new limit is the initial one and refuses beyond it", "[adaptive_concurrency]") {
    Bench bench(by_drops(2));
    const auto one = bench.running();
    const auto two = bench.running();
    const Admission refused = bench.call()->admit();
    REQUIRE(refused.answer == Answer::reject);
    CHECK(refused.failure.kind == FailureKind::concurrency_rejected);
    CHECK(refused.failure.refused_by == RefusedBy::adaptive_concurrency);
    CHECK(refused.failure.reach == Reach::refused_here);
    CHECK_FALSE(refused.failure.is(Failure::has_hint));
    CHECK(bench.policy.snapshot().in_flight == 2);
}

TEST_CASE("successes raise the limit while it is in use", "[adaptive_concurrency]") {
    Bench bench(by_drops(4));
    bench.run_together(4, 10ms); // 4, 3 and 2 of 4, 5 and 6 in use; 2 of 6 is too little, and 1
    CHECK(bench.limit() == 6);
    bench.run(nullptr);
    CHECK(bench.limit() == 6);
}

TEST_CASE("latency that grows lowers the limit, and both averages are shown", "[adaptive_concurrency]") {
    Bench bench({.limit = {.initial = 100, .min = 1, .max = 100}});
    for (int i = 0; i < 60; ++i) {
        bench.run_together(60, 100ms);
    }
    CHECK(bench.limit() == 100);
    CHECK(bench.policy.snapshot().long_rtt == 100ms);
    for (int i = 0; i < 5; ++i) {
        bench.run_together(60, 1s);
    }
    const AdaptiveConcurrencySnapshot seen = bench.policy.snapshot();
    CHECK(seen.limit < 80);
    CHECK(seen.short_rtt == 1s);
    CHECK(seen.long_rtt > 100ms);
    CHECK(seen.long_rtt < 120ms);
}

TEST_CASE("trap: timeouts and refusals are drops, not samples", "[adaptive_concurrency]") {
    const Failure overloads[] = {reply(429), reply(503), reply(504), lost(FailureKind::attempt_timeout),
                                 lost(FailureKind::deadline_exceeded)};
    for (const Failure& overload : overloads) {
        CAPTURE(to_string(overload.kind));
        Bench bench(by_drops(20));
        bench.run(&overload, 1s);
        CHECK(bench.limit() == 18);

        Bench by_latency({.gradient2 = {.window = 0s, .window_samples = 1}});
        by_latency.run(nullptr, 100ms);
        by_latency.run(&overload, 8s);
        CHECK(by_latency.policy.snapshot().short_rtt == 100ms);
        CHECK(by_latency.policy.snapshot().long_rtt == 100ms);
    }
}

TEST_CASE("what says nothing about load teaches nothing", "[adaptive_concurrency]") {
    const Failure neutrals[] = {reply(404),
                                reply(401),
                                reply(500),
                                lost(FailureKind::canceled),
                                lost(FailureKind::connection_lost),
                                lost(FailureKind::connect_failed, Reach::never_sent),
                                lost(FailureKind::attempt_timeout, Reach::refused_here),
                                refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 1s)};
    for (const Failure& neutral : neutrals) {
        CAPTURE(to_string(neutral.kind));
        Bench bench(by_drops(1));
        bench.run(&neutral, 1s);
        CHECK(bench.limit() == 1);
        CHECK(bench.policy.snapshot().in_flight == 0);

        Bench by_latency({.gradient2 = {.window = 0s, .window_samples = 1}});
        by_latency.run(&neutral, 1s);
        CHECK(by_latency.policy.snapshot().short_rtt == 0s);
    }
}

TEST_CASE("a reply that does not decode is a sample: the server answered", "[adaptive_concurrency]") {
    Bench bench(by_drops(1));
    const Failure undecoded{.kind = FailureKind::decode_error, .reach = Reach::answered, .status = 200};
    bench.run(&undecoded);
    CHECK(bench.limit() == 2);
}

TEST_CASE("a caller with a near deadline does not lower the limit of a healthy origin",
          "[adaptive_concurrency]") {
    Bench bench(by_drops(20));
    const Failure cut = lost(FailureKind::deadline_exceeded);
    bench.run(&cut, 499ms);
    CHECK(bench.limit() == 20);
    bench.run(&cut, 500ms);
    CHECK(bench.limit() == 18);
    const Failure never_began = lost(FailureKind::attempt_timeout, Reach::never_sent);
    bench.run(&never_began, 0ms);
    CHECK(bench.limit() == 18);
}

TEST_CASE("the classifier says what is overload", "[adaptive_concurrency]") {
    AdaptiveConcurrencyOptions options = by_drops(20);
    options.classifier.set(FailureKind::connection_lost, {.overload = true});
    options.classifier.set(FailureKind::rate_limited, {});
    Bench bench(options);
    const Failure gone = lost();
    bench.run(&gone);
    CHECK(bench.limit() == 18);
    const Failure limited = reply(429);
    bench.run(&limited);
    CHECK(bench.limit() == 18);
}

TEST_CASE("waiting for a slot is not latency: the time runs from the attempt's begin",
          "[adaptive_concurrency]") {
    Bench bench(
        {.limit = {.initial = 1, .min = 1, .max = 1}, .gradient2 = {.window = 0s, .window_samples = 1}});
    const auto holder = bench.running();
    const auto waiter = bench.call();
    REQUIRE(waiter->admit().answer == Answer::wait);
    bench.now += 10s;
    holder->settle(lost(FailureKind::canceled));
    REQUIRE(waiter->admit().answer == Answer::proceed);
    waiter->begin_attempt();
    bench.now += 20ms;
    waiter->settle(nullptr);
    CHECK(bench.policy.snapshot().short_rtt == 20ms);
}

TEST_CASE("a limit that grows lets those who wait in", "[adaptive_concurrency]") {
    Bench bench(by_drops(1, 5));
    const auto holder = bench.running();
    const auto first = bench.call();
    const auto second = bench.call();
    const auto third = bench.call();
    std::deque<std::shared_ptr<CountingTarget>> woken;
    for (const auto* one : {&first, &second, &third}) {
        REQUIRE((*one)->admit().answer == Answer::wait);
        woken.push_back(std::make_shared<CountingTarget>());
        REQUIRE((*one)->policy().enqueue((*one)->mine(), Waker(woken.back())));
    }
    CHECK(bench.policy.snapshot().queued == 3);
    holder->settle(nullptr); // its slot, and the one more
    CHECK(woken[0]->woken == 1);
    CHECK(woken[1]->woken == 1);
    CHECK(woken[2]->woken == 0);
    CHECK(bench.policy.snapshot().in_flight == 2);
}

TEST_CASE("a limit that shrinks disturbs nobody and holds from then on", "[adaptive_concurrency]") {
    Bench bench(by_drops(2));
    const auto one = bench.running();
    const auto two = bench.running();
    one->settle(reply(503));
    CHECK(bench.limit() == 1);
    CHECK(bench.call()->admit().answer == Answer::reject);
    two->settle(lost(FailureKind::canceled));
    CHECK(bench.call()->admit().answer == Answer::proceed);
}

TEST_CASE("when the queue is full the lowest priority is refused first", "[adaptive_concurrency]") {
    Bench bench(by_drops(1, 1));
    const auto holder = bench.running();
    const auto sheddable = bench.call(Priority::sheddable);
    REQUIRE(sheddable->admit().answer == Answer::wait);
    CHECK(bench.call(Priority::sheddable)->admit().answer == Answer::reject);
    const auto critical = bench.call(Priority::critical);
    CHECK(critical->admit().answer == Answer::wait);
    const Admission displaced = sheddable->admit();
    REQUIRE(displaced.answer == Answer::reject);
    CHECK(displaced.failure.refused_by == RefusedBy::adaptive_concurrency);
}

TEST_CASE("a call that ends without settling gives its slot back and teaches nothing",
          "[adaptive_concurrency]") {
    Bench bench(by_drops(1));
    bench.running()->abandon();
    CHECK(bench.policy.snapshot().in_flight == 0);
    CHECK(bench.limit() == 1);
}

TEST_CASE("a copy shares what was learned, a clone starts anew", "[adaptive_concurrency]") {
    Bench bench(by_drops(1));
    bench.run(nullptr);
    const AdaptiveConcurrency copy = bench.policy; // NOLINT(performance-unnecessary-copy-initialization)
    CHECK(copy.snapshot().limit == 2);
    CHECK(copy.clone().snapshot().limit == 1);
    CHECK(copy.clone().options().algorithm == LimitAlgorithm::aimd);
}

TEST_CASE("a dry run learns and reports, lets everybody through and holds nobody's slot",
          "[adaptive_concurrency]") {
    AdaptiveConcurrencyOptions options = by_drops(1, 1);
    options.dry_run = true;
    Bench bench(options);
    const auto runs = bench.running();
    const auto would_wait = bench.running();
    CHECK(bench.log.events.empty());
    CHECK(bench.policy.snapshot().in_flight == 1);
    CHECK(bench.policy.snapshot().queued == 1);
    const auto would_be_refused = bench.running();
    REQUIRE(bench.log.count(EventType::refused) == 1);
    CHECK(bench.log.events.front().dry_run);
    CHECK(bench.log.events.front().kind == FailureKind::concurrency_rejected);
    CHECK(bench.log.events.front().refused_by == RefusedBy::adaptive_concurrency);

    would_be_refused->settle(lost(FailureKind::canceled)); // it held nothing
    CHECK(bench.policy.snapshot().queued == 1);
    runs->settle(nullptr);
    would_wait->settle(nullptr);
    CHECK(bench.policy.snapshot().in_flight == 0);
    CHECK(bench.limit() == 3);
}
