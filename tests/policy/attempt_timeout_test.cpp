#include <backstay/policy/attempt_timeout.hpp>

#include "support/catch.hpp"
#include "support/policy_call.hpp"

#include <stdexcept>

using namespace backstay;
using namespace std::chrono_literals;
using test::PolicyCall;

TEST_CASE("an attempt timeout bounds each attempt anew", "[attempt_timeout]") {
    TimePoint now = test::start_of_test;
    PolicyCall call{AttemptTimeout{2s}, now};
    call.admit();
    CHECK(call.context.deadline.at == now + 2s);
    CHECK(call.context.deadline.kind == FailureKind::attempt_timeout);
    now += 2s;
    call.fail(test::lost(FailureKind::attempt_timeout));
    now += 10s;
    call.admit();
    CHECK(call.context.deadline.at == now + 2s);
}

TEST_CASE("it is 8 s by default, and can be given as a duration or as options", "[attempt_timeout]") {
    CHECK(AttemptTimeout{}.limit() == 8s);
    CHECK(AttemptTimeout{250ms}.limit() == 250ms);
    CHECK(AttemptTimeout{{.limit = 1min}}.limit() == 1min);
}

TEST_CASE("trap: an attempt cut by the call's deadline is not an attempt timeout", "[attempt_timeout]") {
    TimePoint now = test::start_of_test;
    CallSettings settings;
    settings.deadline = {.at = now + 5s, .kind = FailureKind::deadline_exceeded};
    PolicyCall call{AttemptTimeout{2s}, now, settings};
    call.admit();
    CHECK(call.context.deadline.kind == FailureKind::attempt_timeout);
    now += 4s;
    call.admit();
    CHECK(call.context.deadline.at == test::start_of_test + 5s);
    CHECK(call.context.deadline.kind == FailureKind::deadline_exceeded);
}

TEST_CASE("on a tie the call's deadline stands", "[attempt_timeout]") {
    TimePoint now = test::start_of_test;
    CallSettings settings;
    settings.deadline = {.at = now + 2s, .kind = FailureKind::deadline_exceeded};
    PolicyCall call{AttemptTimeout{2s}, now, settings};
    call.admit();
    CHECK(call.context.deadline.kind == FailureKind::deadline_exceeded);
}

TEST_CASE("every outcome passes, and an attempt that was cut is told with how long it ran",
          "[attempt_timeout]") {
    TimePoint now = test::start_of_test;
    test::EventLog log;
    CallSettings settings;
    settings.observer = &log;
    PolicyCall call{AttemptTimeout{2s}, now, settings};
    call.admit();
    CHECK(call.succeed().answer == Verdict::Answer::pass);
    CHECK(call.fail(test::lost(FailureKind::deadline_exceeded)).answer == Verdict::Answer::pass);
    CHECK(log.events.empty());

    call.begin_attempt();
    now += 2s;
    CHECK(call.settle(test::lost(FailureKind::attempt_timeout)).answer == Verdict::Answer::pass);
    REQUIRE(log.count(EventType::timed_out) == 1);
    CHECK(log.events.back().kind == FailureKind::attempt_timeout);
    CHECK(log.events.back().duration == 2s);
    CHECK(log.events.back().attempt == 3);
}

TEST_CASE("an attempt timeout of zero or less is refused", "[attempt_timeout]") {
    CHECK_THROWS_AS(AttemptTimeout{0s}, std::invalid_argument);
    CHECK_THROWS_WITH((AttemptTimeout{{.limit = -1ms}}),
                      "AttemptTimeoutOptions.limit is -1 ms, allowed is longer than 0 s");
}

TEST_CASE("an attempt timeout describes itself", "[attempt_timeout]") {
    const StageDescription description = AttemptTimeout{}.clone().describe();
    CHECK(description.name == "attempt_timeout");
    CHECK(description.settings == "8 s");
    CHECK(description.total_limit == 8s);
}
