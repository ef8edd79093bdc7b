#include "cli/attempt_lines.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <sstream>

using namespace backstay;
using namespace backstay::cli;
using namespace std::chrono_literals;

namespace {

Event ended(int attempt, FailureKind kind, int status, Duration duration = 3ms) {
    return {.type = EventType::attempt_ended,
            .kind = kind,
            .status = static_cast<std::uint16_t>(status),
            .attempt = attempt,
            .duration = duration};
}

Event repeat(int attempt, FailureKind kind, int status, Duration delay, std::uint16_t hint_flags = 0) {
    return {.type = EventType::retry_scheduled,
            .kind = kind,
            .status = static_cast<std::uint16_t>(status),
            .hint_flags = hint_flags,
            .attempt = attempt,
            .delay = delay};
}

} // namespace

TEST_CASE("Each attempt is told of in one line, with the wait and who asked for it") {
    std::ostringstream out;
    AttemptLines lines(out, {.most_attempts = 3});
    lines.notify(ended(1, FailureKind::service_unavailable, 503));
    lines.notify(
        repeat(1, FailureKind::service_unavailable, 503, 1s, Failure::has_hint | Failure::hint_from_header));
    CHECK(out.str() == "503, waiting 1.0 s as the server asked, attempt 2 of 3\n");
    lines.notify(ended(2, FailureKind::connection_lost, 0));
    lines.notify(repeat(2, FailureKind::connection_lost, 0, 120ms));
    lines.notify(ended(3, FailureKind::none, 0, 12ms));
    lines.call_ended(200, StopReason::none, RefusedBy::none);
    CHECK(out.str() == "503, waiting 1.0 s as the server asked, attempt 2 of 3\n"
                       "connection lost, waiting 120 ms, attempt 3 of 3\n"
                       "200 after 12 ms, attempt 3 of 3\n");
}

TEST_CASE("The last failed attempt says why there is no other") {
    std::ostringstream out;
    AttemptLines lines(out, {.prefix = "[7] ", .most_attempts = 0});
    lines.notify(ended(1, FailureKind::server_error, 500));
    lines.call_ended(0, StopReason::budget_exhausted, RefusedBy::none);
    CHECK(out.str() == "[7] 500 after 3 ms, attempt 1: the budget for repeats is spent\n");
}

TEST_CASE("A success whose body does not suit is told of by its status") {
    std::ostringstream out;
    AttemptLines lines(out, {.most_attempts = 3});
    lines.notify(ended(1, FailureKind::none, 0));
    lines.call_ended(200, StopReason::none, RefusedBy::none);
    CHECK(out.str() == "200 after 3 ms, attempt 1 of 3\n");
}

TEST_CASE("The last attempt is told of as what it was, also when the call ends with an earlier answer") {
    std::ostringstream out;
    AttemptLines lines(out, {.most_attempts = 2});
    lines.notify(ended(2, FailureKind::attempt_timeout, 0));
    lines.call_ended(503, StopReason::deadline, RefusedBy::none);
    CHECK_THAT(out.str(), ContainsSubstring("attempt timeout after 3 ms, attempt 2 of 2: "));
}

TEST_CASE("A repeat that is refused here is told of after the attempt that it would have repeated") {
    std::ostringstream out;
    AttemptLines lines(out, {.most_attempts = 3});
    lines.notify(ended(1, FailureKind::server_error, 500));
    lines.notify(repeat(1, FailureKind::server_error, 500, 50ms));
    lines.call_ended(0, StopReason::refused, RefusedBy::circuit_breaker);
    CHECK(out.str() == "500, waiting 50 ms, attempt 2 of 3\n"
                       "a repeat was refused here by the circuit breaker\n");
}

TEST_CASE("A first attempt that is refused here is no repeat") {
    std::ostringstream out;
    AttemptLines lines(out, {.most_attempts = 3});
    lines.call_ended(0, StopReason::refused, RefusedBy::circuit_breaker);
    CHECK(out.str() == "refused here by the circuit breaker\n");
}

TEST_CASE("The circuit's changes are told to those who want to know more") {
    std::ostringstream out;
    const Event opened{.type = EventType::circuit_opened, .origin = "https://h:443"};
    AttemptLines(out, {}).notify(opened);
    CHECK(out.str().empty());
    AttemptLines(out, {.verbose = true}).notify(opened);
    CHECK(out.str() == "circuit opened for https://h:443\n");
}
