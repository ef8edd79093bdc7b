#include <backstay/policy/total_timeout.hpp>

#include "support/catch.hpp"
#include "support/policy_call.hpp"

#include <stdexcept>

using namespace backstay;
using namespace std::chrono_literals;
using test::PolicyCall;

TEST_CASE("a total timeout narrows the call's deadline", "[total_timeout]") {
    TimePoint now = test::start_of_test;
    PolicyCall call{TotalTimeout{5s}, now};
    CHECK(call.admit().answer == Admission::Answer::proceed);
    CHECK(call.context.deadline.at == now + 5s);
    CHECK(call.context.deadline.kind == FailureKind::deadline_exceeded);
}

TEST_CASE("it is 30 s by default, and can be given as a duration or as options", "[total_timeout]") {
    CHECK(TotalTimeout{}.limit() == 30s);
    CHECK(TotalTimeout{1'500ms}.limit() == 1'500ms);
    CHECK(TotalTimeout{{.limit = 2min}}.limit() == 2min);
}

TEST_CASE("a caller's own earlier deadline stands", "[total_timeout]") {
    TimePoint now = test::start_of_test;
    CallSettings settings;
    settings.deadline = {.at = now + 1s, .kind = FailureKind::deadline_exceeded};
    PolicyCall call{TotalTimeout{5s}, now, settings};
    call.admit();
    CHECK(call.context.deadline.at == now + 1s);
}

TEST_CASE("a repeat does not extend the total", "[total_timeout]") {
    TimePoint now = test::start_of_test;
    PolicyCall call{TotalTimeout{5s}, now};
    call.admit();
    call.fail(test::reply(503));
    now += 3s;
    call.admit();
    CHECK(call.context.deadline.at == test::start_of_test + 5s);
    now += 3s; // past the end
    call.admit();
    CHECK(call.context.deadline.at == test::start_of_test + 5s);
}

TEST_CASE("two calls of one total timeout have an end each", "[total_timeout]") {
    TimePoint now = test::start_of_test;
    const TotalTimeout timeout{5s};
    PolicyCall first{timeout, now};
    first.admit();
    now += 2s;
    PolicyCall second{timeout, now};
    second.admit();
    CHECK(first.context.deadline.at == test::start_of_test + 5s);
    CHECK(second.context.deadline.at == test::start_of_test + 7s);
}

TEST_CASE("a total timeout too long for the clock means none", "[total_timeout]") {
    TimePoint now = test::start_of_test;
    PolicyCall call{TotalTimeout{Duration::max()}, now};
    call.admit();
    CHECK(call.context.deadline.at == end_of_time);
}

TEST_CASE("every outcome passes, and a deadline that passed is told", "[total_timeout]") {
    TimePoint now = test::start_of_test;
    test::EventLog log;
    CallSettings settings;
    settings.observer = &log;
    PolicyCall call{TotalTimeout{5s}, now, settings};
    call.admit();
    CHECK(call.succeed().answer == Verdict::Answer::pass);
    CHECK(call.fail(test::lost(FailureKind::attempt_timeout)).answer == Verdict::Answer::pass);
    CHECK(log.events.empty());

    now += 5s;
    const Verdict verdict = call.fail(test::lost(FailureKind::deadline_exceeded));
    CHECK(verdict.answer == Verdict::Answer::pass);
    REQUIRE(log.count(EventType::timed_out) == 1);
    CHECK(log.events.back().kind == FailureKind::deadline_exceeded);
    CHECK(log.events.back().duration == 5s);
}

TEST_CASE("a total timeout of zero or less is refused", "[total_timeout]") {
    CHECK_THROWS_AS(TotalTimeout{0s}, std::invalid_argument);
    CHECK_THROWS_WITH((TotalTimeout{{.limit = -1s}}),
                      "TotalTimeoutOptions.limit is -1 s, allowed is longer than 0 s");
}

TEST_CASE("a total timeout describes itself", "[total_timeout]") {
    const StageDescription description = TotalTimeout{}.clone().describe();
    CHECK(description.name == "total_timeout");
    CHECK(description.settings == "30 s");
    CHECK(description.total_limit == 30s);
}
