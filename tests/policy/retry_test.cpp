#include <backstay/policy/retry.hpp>

#include "support/catch.hpp"
#include "support/policy_call.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using test::lost;
using test::PolicyCall;
using test::reply;

namespace {

using Answer = Verdict::Answer;

/// A retry whose delays are known: 100 ms, 200 ms, 400 ms ...
RetryOptions plain() {
    return {.backoff = {.base = 100ms, .jitter = Jitter::none}, .hint_jitter_ratio = 0};
}

Retry with_attempts(int max_attempts) {
    RetryOptions options = plain();
    options.max_attempts = max_attempts;
    options.budget.reset();
    return Retry{std::move(options)};
}

CallSettings unsafe() {
    CallSettings settings;
    settings.safe_to_repeat = false;
    return settings;
}

CallSettings watched_by(Observer& observer) {
    CallSettings settings;
    settings.observer = &observer;
    return settings;
}

double tokens(const Retry& retry, TimePoint now) {
    return retry.options().budget->tokens(now);
}

Failure circuit_is_open(Duration retry_in) {
    return refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, retry_in);
}

std::string fault(const RetryOptions& options) {
    try {
        const Retry retry{options};
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("a success passes and a failure is repeated after its backoff", "[retry]") {
    TimePoint now = test::start_of_test;
    PolicyCall call{Retry{plain()}, now};
    CHECK(call.admit().answer == Admission::Answer::proceed);
    Verdict verdict = call.fail(reply(503));
    CHECK(verdict.answer == Answer::again_at);
    CHECK(verdict.at == now + 100ms);
    now = verdict.at;
    verdict = call.fail(reply(503));
    CHECK(verdict.at == now + 200ms);
    now = verdict.at;
    verdict = call.succeed();
    CHECK(verdict.answer == Answer::pass);
    CHECK(verdict.stop_reason == StopReason::none);
}

TEST_CASE("retries can be switched off by hand, for all copies, for a time or until switched on", "[retry]") {
    TimePoint now = test::start_of_test;
    const Retry retry{plain()};
    Retry handle = retry;
    const auto decide = [&](const Failure& failure) { return PolicyCall{retry, now}.fail(failure); };

    handle.switch_off(now + 10s);
    CHECK_FALSE(retry.is_on(now));
    CHECK(decide(reply(503)).answer == Answer::pass);
    CHECK(decide(reply(503)).stop_reason == StopReason::switched_off);
    CHECK(decide(reply(404)).stop_reason == StopReason::not_retryable);
    CHECK(tokens(retry, now) == 3);
    now += 10s;
    CHECK(retry.is_on(now));
    CHECK(decide(reply(503)).answer == Answer::again_at);

    handle.switch_off();
    CHECK(decide(reply(503)).stop_reason == StopReason::switched_off);
    handle.switch_on();
    CHECK(decide(reply(503)).answer == Answer::again_at);
    CHECK(retry.clone().is_on(now));
}

TEST_CASE("the attempts are bounded, the first included", "[retry]") {
    for (const int most : {1, 2, 3, 7}) {
        TimePoint now = test::start_of_test;
        PolicyCall call{with_attempts(most), now};
        call.admit();
        Verdict verdict = call.fail(reply(500));
        while (verdict.answer == Answer::again_at) {
            now = verdict.at;
            verdict = call.fail(reply(500));
        }
        CHECK(call.context.attempt == most);
        CHECK(verdict.answer == Answer::pass);
        CHECK(verdict.stop_reason == StopReason::attempts_exhausted);
    }
}

TEST_CASE("zero attempts mean no limit", "[retry]") {
    TimePoint now = test::start_of_test;
    PolicyCall call{with_attempts(0), now};
    for (int attempt = 0; attempt < 10'000; ++attempt) {
        const Verdict verdict = call.fail(reply(500));
        REQUIRE(verdict.answer == Answer::again_at);
        now = verdict.at;
    }
}

TEST_CASE("what the table does not repeat ends the call", "[retry]") {
    TimePoint now = test::start_of_test;
    for (const int status : {400, 401, 403, 404, 409, 422, 501}) {
        PolicyCall call{Retry{plain()}, now};
        const Verdict verdict = call.fail(reply(status));
        CHECK(verdict.answer == Answer::pass);
        CHECK(verdict.stop_reason == StopReason::not_retryable);
    }
}

TEST_CASE("trap: a POST is not repeated once bytes may have reached the server", "[retry]") {
    TimePoint now = test::start_of_test;
    for (const Failure& failure :
         {lost(), lost(FailureKind::attempt_timeout), reply(500), reply(503), reply(504), reply(408)}) {
        PolicyCall call{Retry{plain()}, now, unsafe()};
        const Verdict verdict = call.fail(failure);
        CAPTURE(to_string(failure.kind));
        CHECK(verdict.answer == Answer::pass);
        CHECK(verdict.stop_reason == StopReason::unsafe_to_repeat);
    }
}

TEST_CASE("a POST is repeated when it never left, or when the server refused before working", "[retry]") {
    TimePoint now = test::start_of_test;
    for (const Failure& failure :
         {lost(FailureKind::connect_failed, Reach::never_sent), reply(429), reply(429, 1s), reply(503, 1s)}) {
        PolicyCall call{Retry{plain()}, now, unsafe()};
        CAPTURE(to_string(failure.kind));
        CHECK(call.fail(failure).answer == Answer::again_at);
    }
}

TEST_CASE("a call may allow the repeat of what is unsafe", "[retry]") {
    TimePoint now = test::start_of_test;
    CallSettings settings = unsafe();
    settings.overrides.allow_unsafe_retry = true;
    PolicyCall call{Retry{plain()}, now, settings};
    CHECK(call.fail(lost()).answer == Answer::again_at);
}

TEST_CASE("the end of the call is never repeated, whatever the table says", "[retry]") {
    TimePoint now = test::start_of_test;
    RetryOptions options = plain();
    options.retry_refusals = true;
    const auto ends_with = [&](FailureKind kind, Reach reach) {
        options.classifier.set(kind, {Repeat::always, Vote::neutral, false});
        PolicyCall call{Retry{options}, now};
        Failure failure = lost(kind, reach);
        const Verdict verdict = call.fail(failure.set_hint(1s));
        CHECK(verdict.answer == Answer::pass);
        return verdict.stop_reason;
    };
    CHECK(ends_with(FailureKind::canceled, Reach::maybe_processed) == StopReason::not_retryable);
    CHECK(ends_with(FailureKind::deadline_exceeded, Reach::maybe_processed) == StopReason::deadline);
    CHECK(ends_with(FailureKind::client_closed, Reach::maybe_processed) == StopReason::not_retryable);
    CHECK(ends_with(FailureKind::client_closed, Reach::refused_here) == StopReason::refused);
}

TEST_CASE("a backoff that would end past the deadline is never begun", "[retry]") {
    TimePoint now = test::start_of_test;
    CallSettings settings;
    for (const Duration left : {99ms, 100ms}) { // at the deadline no time is left for the attempt
        settings.deadline.at = now + left;
        PolicyCall call{Retry{plain()}, now, settings};
        const Verdict verdict = call.fail(reply(503));
        CHECK(verdict.answer == Answer::pass);
        CHECK(verdict.stop_reason == StopReason::deadline);
        CHECK(tokens(call.policy(), now) == 3);
    }
    settings.deadline.at = now + 101ms;
    PolicyCall call{Retry{plain()}, now, settings};
    CHECK(call.fail(reply(503)).answer == Answer::again_at);
}

TEST_CASE("a repeat that is refused here hands out what the server said before", "[retry]") {
    TimePoint now = test::start_of_test;
    test::EventLog log;
    PolicyCall call{Retry{plain()}, now, watched_by(log)};
    call.admit();
    now = call.fail(reply(503)).at;
    const Verdict verdict = call.settle(circuit_is_open(5s)); // no attempt began
    CHECK(verdict.answer == Answer::keep_previous);
    CHECK(verdict.stop_reason == StopReason::refused);
    REQUIRE(log.last(EventType::gave_up) != nullptr);
    CHECK(log.last(EventType::gave_up)->refused_by == RefusedBy::circuit_breaker);
}

TEST_CASE("a first attempt that is refused here has nothing before it to hand out", "[retry]") {
    TimePoint now = test::start_of_test;
    PolicyCall call{Retry{plain()}, now};
    const Verdict verdict = call.settle(circuit_is_open(5s));
    CHECK(verdict.answer == Answer::pass);
    CHECK(verdict.stop_reason == StopReason::refused);
}

TEST_CASE("refusals are waited for by option, when their wait fits, within the attempts", "[retry]") {
    TimePoint now = test::start_of_test;
    RetryOptions options = plain();
    options.retry_refusals = true;
    CallSettings settings;
    settings.deadline.at = now + 10s;
    const Retry retry{options};

    PolicyCall waits{retry, now, settings};
    CHECK(waits.settle(circuit_is_open(2s)).at == now + 2s);
    CHECK(waits.context.served_wait_until == TimePoint{}); // it is no wait of the server's
    CHECK(waits.settle(refusal(FailureKind::cooling_down, RefusedBy::cool_down, 3s)).at == now + 3s);
    CHECK(waits.settle(circuit_is_open(2s)).stop_reason == StopReason::refused);
    CHECK(retry.options().budget->snapshot(now).withdrawn == 0); // nothing was sent, so nothing was repeated

    PolicyCall too_long{retry, now, settings};
    CHECK(too_long.settle(circuit_is_open(10s)).answer == Answer::pass);
    PolicyCall other{retry, now, settings};
    CHECK(other.settle(refusal(FailureKind::concurrency_rejected, RefusedBy::concurrency_limit, 1s)).answer ==
          Answer::pass);
}

TEST_CASE("each repeat withdraws one retry, each success deposits a tenth", "[retry]") {
    TimePoint now = test::start_of_test;
    const Retry retry{plain()};
    PolicyCall call{retry, now};
    call.admit();
    now = call.fail(reply(503)).at;
    CHECK(tokens(retry, now) == Approx(2).margin(0.01)); // waiting counts as withdrawn (envoy#30205: trap)
    now = call.fail(reply(503)).at;
    CHECK(tokens(retry, now) == Approx(1).margin(0.01));
    call.succeed();
    CHECK(tokens(retry, now) == Approx(1.1).margin(0.01));
}

TEST_CASE("when the budget is spent the failure stands", "[retry]") {
    TimePoint now = test::start_of_test;
    const Retry retry{plain()};
    for (int failed = 0; failed < 3; ++failed) {
        PolicyCall call{retry, now};
        CHECK(call.fail(reply(503)).answer == Answer::again_at);
        call.begin_attempt();
    }
    PolicyCall call{retry, now};
    const Verdict verdict = call.fail(reply(503));
    CHECK(verdict.answer == Answer::pass);
    CHECK(verdict.stop_reason == StopReason::budget_exhausted);
}

TEST_CASE("a retry that is cancelled before it starts is given back", "[retry]") {
    TimePoint now = test::start_of_test;
    const Retry retry{plain()};
    SECTION("by destruction") {
        PolicyCall call{retry, now};
        call.fail(reply(503));
        CHECK(tokens(retry, now) == 2);
        call.abandon();
    }
    SECTION("by cancellation in its wait") {
        PolicyCall call{retry, now};
        call.fail(reply(503));
        call.settle(lost(FailureKind::canceled, Reach::never_sent));
        CHECK(tokens(retry, now) == 3);
        call.abandon();
    }
    SECTION("by a refusal") {
        PolicyCall call{retry, now};
        call.fail(reply(503));
        call.settle(circuit_is_open(1s));
        CHECK(tokens(retry, now) == 3);
        call.abandon();
    }
    CHECK(tokens(retry, now) == 3);
    CHECK(retry.options().budget->snapshot(now).returned == 1);
}

TEST_CASE("a retry that is cancelled in flight has been spent", "[retry]") {
    TimePoint now = test::start_of_test;
    const Retry retry{plain()};
    {
        PolicyCall destroyed{retry, now};
        destroyed.fail(reply(503));
        destroyed.begin_attempt();
        destroyed.abandon();
    }
    CHECK(tokens(retry, now) == 2);
    PolicyCall cancelled{retry, now};
    cancelled.fail(reply(503));
    cancelled.fail(lost(FailureKind::canceled));
    cancelled.abandon();
    CHECK(tokens(retry, now) == 1);
    CHECK(retry.options().budget->snapshot(now).returned == 0);
}

TEST_CASE("a repeat that was refused and waits again is paid for once", "[retry]") {
    TimePoint now = test::start_of_test;
    RetryOptions options = plain();
    options.retry_refusals = true;
    options.max_attempts = 4;
    const Retry retry{options};
    PolicyCall call{retry, now};
    call.fail(reply(503));
    call.settle(circuit_is_open(1s));
    call.settle(circuit_is_open(1s));
    CHECK(tokens(retry, now) == 2);
    call.succeed();
    CHECK(tokens(retry, now) == Approx(2.1));
}

TEST_CASE("the transport's own resend is neither withdrawn nor refused", "[retry]") {
    TimePoint now = test::start_of_test;
    const Retry retry{plain()};
    PolicyCall call{retry, now};
    call.context.resends = 5;
    call.succeed();
    CHECK(tokens(retry, now) == 3);
    CHECK(retry.options().budget->snapshot(now).withdrawn == 0);
}

TEST_CASE("copies share a budget, a clone has its own, and none can be had", "[retry]") {
    TimePoint now = test::start_of_test;
    const Retry retry{plain()};
    const Retry copy = retry; // NOLINT(performance-unnecessary-copy-initialization)
    const Retry clone = retry.clone();
    PolicyCall call{copy, now};
    call.fail(reply(503));
    call.begin_attempt();
    CHECK(tokens(retry, now) == 2);
    CHECK(tokens(clone, now) == 3);
    CHECK(tokens(Retry{plain()}, now) == 3);
    CHECK_FALSE(with_attempts(3).options().budget);
}

TEST_CASE("on_retry is told of each repeat, and what it throws is ignored and counted", "[retry]") {
    TimePoint now = test::start_of_test;
    RetryOptions options = plain();
    std::string told;
    options.on_retry = [&](const RetryInfo& info) {
        told += std::to_string(info.attempts) + ":" + std::to_string(info.failure.status) + "@" +
                std::string(info.key.origin) + "+" + to_text(info.delay) + " ";
        throw std::runtime_error("not my day");
    };
    CallSettings settings;
    settings.key.origin = "https://a:443";
    PolicyCall call{Retry{options}, now, settings};
    now = call.fail(reply(503)).at;
    call.fail(reply(429, 2s));
    CHECK(told == "1:503@https://a:443+100 ms 2:429@https://a:443+2 s ");
    CHECK(call.policy().callback_errors() == 2);
}

TEST_CASE("an observer sees each repeat with its wait, and the end with its reason", "[retry]") {
    TimePoint now = test::start_of_test;
    test::EventLog log;
    PolicyCall call{with_attempts(2), now, watched_by(log)};
    now = call.fail(reply(429, 2s)).at;
    REQUIRE(log.events.size() == 1);
    CHECK(log.events[0].type == EventType::retry_scheduled);
    CHECK(log.events[0].kind == FailureKind::rate_limited);
    CHECK(log.events[0].status == 429);
    CHECK(log.events[0].delay == 2s);
    CHECK((log.events[0].hint_flags & Failure::hint_from_header) != 0);
    CHECK(log.events[0].attempt == 1);
    call.fail(reply(500));
    REQUIRE(log.events.size() == 2);
    CHECK(log.events[1].type == EventType::gave_up);
    CHECK(log.events[1].stop_reason == StopReason::attempts_exhausted);
    CHECK(log.events[1].status == 500);
    CHECK(log.events[1].attempt == 2);
}

TEST_CASE("the same seed gives the same delays, another one others", "[retry]") {
    const auto delay = [](std::uint64_t seed) {
        TimePoint now = test::start_of_test;
        PolicyCall call{Retry{}, now, CallSettings{}, seed};
        return call.fail(reply(503)).at - now;
    };
    CHECK(delay(1) == delay(1));
    CHECK(delay(1) != delay(2));
}

TEST_CASE("the defaults are those that are documented", "[retry]") {
    const RetryOptions options;
    CHECK(options.max_attempts == 3);
    CHECK(options.backoff.base == 200ms);
    CHECK(options.backoff.cap == 20s);
    CHECK(options.backoff.jitter == Jitter::full);
    CHECK(options.rate_limited_base == 1s);
    CHECK(options.budget);
    CHECK(options.max_server_wait == 5min);
    CHECK(options.when_longer == WhenLonger::give_up);
    CHECK_FALSE(options.retry_refusals);
}

TEST_CASE("a retry's options out of range are refused with field, value and range", "[retry]") {
    CHECK(fault({.max_attempts = -1}) == "RetryOptions.max_attempts is -1, allowed is 0 (no limit) or more");
    CHECK(fault({.backoff = {.base = -1s}}).find("BackoffOptions.base is -1 s") == 0);
    CHECK(fault({.rate_limited_base = -1s}).find("RetryOptions.rate_limited_base is -1 s") == 0);
    CHECK(fault({.max_server_wait = -1s}).find("RetryOptions.max_server_wait is -1 s") == 0);
    CHECK(fault({.hint_jitter_ratio = 2}) == "RetryOptions.hint_jitter_ratio is 2, allowed is 0 to 1");
    CHECK(fault({.hint_jitter_max = -1s}).find("RetryOptions.hint_jitter_max is -1 s") == 0);
    CHECK(fault({}).empty());
}

TEST_CASE("a retry describes itself with its arithmetic", "[retry]") {
    const StageDescription usual = Retry{}.describe();
    CHECK(usual.name == "retry");
    CHECK(usual.settings == "3 attempts, full jitter, 200 ms .. 20 s, server waits up to 5 min");
    CHECK(usual.most_attempts == 3);
    CHECK(usual.longest_wait == 3s); // two 429: 1 s and 2 s
    CHECK(usual.amplification == 1.1);

    CHECK(Retry{{.rate_limited_base = 100ms}}.describe().longest_wait == 600ms); // two 503
    RetryOptions defaulted;
    defaulted.classifier.rate_limited_default_wait = 60s;
    CHECK(Retry{defaulted}.describe().longest_wait == 2min + 2s); // with its jitter
    defaulted.max_attempts = 2'000'000'000;
    defaulted.classifier.rate_limited_default_wait = 24h * 365;
    CHECK(Retry{defaulted}.describe().longest_wait == Duration::max());

    const StageDescription endless =
        Retry{{.max_attempts = 0, .budget = std::nullopt, .when_longer = WhenLonger::wait}}.describe();
    CHECK(endless.settings ==
          "no limit of attempts, full jitter, 200 ms .. 20 s, any server wait, no budget");
    CHECK(endless.most_attempts == 0);
    CHECK_FALSE(endless.longest_wait);
    CHECK_FALSE(endless.amplification);
}
