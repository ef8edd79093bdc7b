#include <backstay/policy/retry.hpp>

#include "support/catch.hpp"
#include "support/policy_call.hpp"

#include <algorithm>
#include <set>

using namespace backstay;
using namespace std::chrono_literals;
using test::PolicyCall;
using test::reply;

namespace {

using Answer = Verdict::Answer;

/// Decides one failure of a fresh call, `left` before its deadline.
Verdict decide(const Failure& failure, const RetryOptions& options = {}, Duration left = 24h,
               std::uint64_t seed = 1) {
    TimePoint now = test::start_of_test;
    CallSettings settings;
    settings.deadline.at = now + left;
    PolicyCall call{Retry{options}, now, settings, seed};
    return call.fail(failure);
}

Duration wait_of(const Verdict& verdict) {
    REQUIRE(verdict.answer == Answer::again_at);
    return verdict.at - test::start_of_test;
}

/// Made anew each time: copies of options share their budget.
RetryOptions exact() {
    return {.backoff = {.base = 100ms, .jitter = Jitter::none}, .hint_jitter_ratio = 0};
}

} // namespace

TEST_CASE("trap: a server's wait is never cut short, and spread by at most a tenth and a second",
          "[retry][wait]") {
    for (const Duration hint : {1ns, 3ns, 999'999'999ns, 1'000'000'001ns, Duration{1s}, Duration{5s},
                                Duration{45s}, Duration{299s}}) {
        std::set<Duration> waits;
        for (std::uint64_t seed = 1; seed <= 500; ++seed) {
            waits.insert(wait_of(decide(reply(503, hint), {}, 24h, seed)));
        }
        CAPTURE(hint.count());
        CHECK(*waits.begin() >= hint);
        CHECK(*waits.rbegin() <= hint + std::min<Duration>(hint / 10 + 1ns, 1s));
        CHECK((hint < 1s || waits.size() > 490)); // the herd does not return together
    }
}

TEST_CASE("a wait of zero is obeyed, and so is a negative one, as zero", "[retry][wait]") {
    CHECK(wait_of(decide(reply(503, 0s))) == 0s);
    CHECK(wait_of(decide(reply(503, -5s))) == 0s);
}

TEST_CASE("without jitter the wait is the server's to the tick", "[retry][wait]") {
    CHECK(wait_of(decide(reply(429, 7s), exact())) == 7s);
    RetryOptions none = exact();
    none.hint_jitter_ratio = 0.5;
    none.hint_jitter_max = 0s;
    CHECK(wait_of(decide(reply(429, 7s), none)) == 7s);
}

TEST_CASE("trap: a wait that ends past the call's deadline is not slept", "[retry][wait]") {
    for (const Duration left : {Duration{1ms}, Duration{9s}, Duration{10s}}) {
        const Verdict verdict = decide(reply(503, 10s), {}, left);
        CHECK(verdict.answer == Answer::pass);
        CHECK(verdict.stop_reason == StopReason::deadline);
    }
}

TEST_CASE("a wait is compared before it is spread, and the spread leaves time for the attempt",
          "[retry][wait]") {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        const Duration wait = wait_of(decide(reply(503, 10s), {}, 10s + 20ms, seed));
        CHECK(wait >= 10s);
        CHECK(wait <= 10s + 10ms);
    }
}

TEST_CASE("a wait longer than max_server_wait: give up, clamp, or wait", "[retry][wait]") {
    RetryOptions options = exact();
    options.max_server_wait = 60s;
    CHECK(wait_of(decide(reply(503, 60s), options)) == 60s);
    const Verdict verdict = decide(reply(503, 60s + 1ns), options);
    CHECK(verdict.answer == Answer::pass);
    CHECK(verdict.stop_reason == StopReason::server_wait_too_long);

    options.when_longer = WhenLonger::clamp;
    CHECK(wait_of(decide(reply(503, 10min), options)) == 60s);
    options.when_longer = WhenLonger::wait;
    CHECK(wait_of(decide(reply(503, 10min), options)) == 10min);
}

TEST_CASE("a wait that is too long for both is called too long, not late", "[retry][wait]") {
    CHECK(decide(reply(503, 10min), {}, 30s).stop_reason == StopReason::server_wait_too_long);
    CHECK(decide(reply(503, 45s), {}, 30s).stop_reason == StopReason::deadline);
}

TEST_CASE("a call may set its own max_server_wait", "[retry][wait]") {
    TimePoint now = test::start_of_test;
    CallSettings settings;
    settings.overrides.max_server_wait = 1s;
    PolicyCall impatient{Retry{exact()}, now, settings};
    CHECK(impatient.fail(reply(503, 2s)).stop_reason == StopReason::server_wait_too_long);
    settings.overrides.max_server_wait = 1h;
    PolicyCall patient{Retry{exact()}, now, settings};
    CHECK(patient.fail(reply(503, 10min)).at == now + 10min);
}

TEST_CASE("a served wait is noted for the cool-down, a backoff is not", "[retry][wait]") {
    TimePoint now = test::start_of_test;
    PolicyCall call{Retry{{.backoff = {.base = 100ms}}}, now};
    const Verdict backed_off = call.fail(reply(503));
    CHECK(call.context.served_wait_until == TimePoint{});
    now = backed_off.at;
    const Verdict hinted = call.fail(reply(503, 10s));
    CHECK(hinted.at > now + 10s);
    CHECK(call.context.served_wait_until == hinted.at);
}

TEST_CASE("after an obeyed wait the backoff starts over", "[retry][wait]") {
    TimePoint now = test::start_of_test;
    RetryOptions options = exact();
    options.max_attempts = 10;
    options.budget.reset();
    PolicyCall call{Retry{options}, now};
    const auto wait = [&](const Failure& failure) { return call.fail(failure).at - now; };
    CHECK(wait(reply(503)) == 100ms);
    CHECK(wait(reply(503)) == 200ms);
    CHECK(wait(reply(503)) == 400ms);
    CHECK(wait(reply(503, 1s)) == 1s);
    CHECK(wait(reply(503)) == 100ms);
    CHECK(wait(reply(503)) == 200ms);
}

TEST_CASE("a 429 without a wait backs off from a base of its own", "[retry][wait]") {
    TimePoint now = test::start_of_test;
    PolicyCall call{Retry{exact()}, now};
    CHECK(call.fail(reply(429)).at == now + 1s);
    CHECK(call.fail(reply(503)).at == now + 200ms);

    RetryOptions options = exact();
    options.rate_limited_base = 1min;
    options.backoff.cap = 500ms; // which holds for every delay of the library's own choosing
    CHECK(wait_of(decide(reply(429), options)) == 500ms);
}

TEST_CASE("a 429 without a wait waits for the classifier's default, if it has one", "[retry][wait]") {
    RetryOptions options = exact();
    options.classifier.rate_limited_default_wait = 60s;
    CHECK(wait_of(decide(reply(429), options)) == 60s);
    CHECK(wait_of(decide(reply(429, 2s), options)) == 2s);
    CHECK(wait_of(decide(reply(503), options)) == 100ms);
}

TEST_CASE("a wait is obeyed with every status that may be repeated", "[retry][wait]") {
    for (const int status : {408, 425, 429, 500, 502, 503, 504}) {
        CHECK(wait_of(decide(reply(status, 3s), exact())) == 3s);
    }
    CHECK(decide(reply(404, 3s), exact()).stop_reason == StopReason::not_retryable);
}

TEST_CASE("a wait that is not begun costs no budget", "[retry][wait]") {
    TimePoint now = test::start_of_test;
    const Retry retry{exact()};
    CallSettings settings;
    settings.deadline.at = now + 1s;
    for (const Failure& failure : {reply(503, 2s), reply(503, 10min), reply(404, 1ms)}) {
        PolicyCall call{retry, now, settings};
        CHECK(call.fail(failure).answer == Answer::pass);
    }
    CHECK(retry.options().budget->snapshot(now).withdrawn == 0);
}
