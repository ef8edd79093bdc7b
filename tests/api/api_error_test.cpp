#include <backstay/api/api_error.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <utility>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

using enum FailureKind;

Failure answered(int status) {
    return {.kind = kind_of_status(status),
            .reach = Reach::answered,
            .status = static_cast<std::uint16_t>(status)};
}

ApiError unsafe(const Failure& failure) {
    History history;
    history.add({.number = 1, .failure = failure, .result = fail(TransportError{failure})});
    return {failure, {.history = std::move(history), .safe_to_repeat = false}};
}

} // namespace

TEST_CASE("A refusal says when to come back, and holds nothing else") {
    const ApiError error{refusal(circuit_open, RefusedBy::circuit_breaker, 5s)};
    CHECK(sizeof(error) == 24);
    CHECK(error.kind() == circuit_open);
    CHECK(error.status() == 0);
    CHECK(error.retry_after() == Duration{5s});
    CHECK(error.refused_by() == RefusedBy::circuit_breaker);
    CHECK(error.certainty() == Certainty::refused);
    CHECK(error.retryable());
    CHECK(error.attempts().empty());
    CHECK(error.code().empty());
    CHECK(error.response() == nullptr);
    CHECK(to_string(error) == "circuit_open retry_after=5 s refused_by=circuit_breaker certainty=refused");
}

TEST_CASE("Copies share one detail, which outlives the first of them") {
    ApiError copy;
    {
        const ApiError error{answered(404), {.code = "not_found", .request_id = "r1"}};
        copy = error;
        const ApiError moved = std::move(copy);
        copy = moved;
        const ApiError& itself = copy;
        copy = itself;
    }
    CHECK(copy.code() == "not_found");
    CHECK(copy.request_id() == "r1");
    const ApiError moved = std::move(copy);
    CHECK(moved.status() == 404);
}

TEST_CASE("Only a 2xx whose body did not suit was accepted") {
    Failure failure = answered(201);
    failure.kind = decode_error;
    CHECK(ApiError{failure}.accepted());
    CHECK_FALSE(ApiError{answered(304)}.accepted());
    CHECK_FALSE(ApiError{answered(404)}.accepted());
    CHECK_FALSE(ApiError{Failure{.kind = connect_failed, .reach = Reach::never_sent}}.accepted());
}

TEST_CASE("A call may be repeated later when that can help and does nothing twice") {
    CHECK(ApiError{answered(503)}.retryable());
    CHECK(ApiError{answered(429)}.retryable());
    CHECK_FALSE(ApiError{answered(404)}.retryable());
    CHECK_FALSE(ApiError{Failure{.kind = canceled, .reach = Reach::never_sent}}.retryable());
    CHECK_FALSE(ApiError{Failure{.kind = client_closed, .reach = Reach::refused_here}}.retryable());
    CHECK(ApiError{Failure{.kind = deadline_exceeded, .reach = Reach::maybe_processed}}.retryable());

    CHECK(unsafe(answered(429)).retryable());
    CHECK(unsafe({.kind = connect_failed, .reach = Reach::never_sent}).retryable());
    CHECK_FALSE(unsafe(answered(500)).retryable());
    CHECK_FALSE(unsafe({.kind = deadline_exceeded, .reach = Reach::maybe_processed}).retryable());
    CHECK_FALSE(unsafe({.kind = connection_lost, .reach = Reach::maybe_processed}).retryable());
}

TEST_CASE("The log line is one line, bounded, in the server's and our own words") {
    Failure failure = answered(500);
    failure.stop_reason = StopReason::attempts_exhausted;
    History history;
    history.add(
        {.number = 1, .duration = 8ms, .failure = answered(503), .result = Response{{.status = 503}}});
    history.add({.number = 4,
                 .waited = 250ms,
                 .duration = 3ms,
                 .failure = failure,
                 .result = Response{{.status = 500}},
                 .request_id = "req-2"});
    const ApiError error{failure,
                         {.code = "internal\r\nerror",
                          .description = std::string(10'000, 'x'),
                          .request_id = "req-2",
                          .idempotency_key = "key-never-shown",
                          .history = std::move(history)}};
    const auto line = to_string(error);
    CHECK(line.size() < 600);
    CHECK(line.find_first_of("\r\n") == std::string::npos);
    CHECK_THAT(line, ContainsSubstring("server_error 500 code=internal  error: xxx"));
    CHECK_THAT(line, ContainsSubstring(
                         "stop_reason=attempts_exhausted certainty=answered attempts=2 "
                         "[#1 503 service_unavailable in 8 ms; ... #4 after 250 ms 500 server_error in 3 ms "
                         "request_id=req-2]"));
    CHECK_THAT(line, !ContainsSubstring("never-shown"));
}

TEST_CASE("What a server says cannot steer the terminal that shows the log") {
    const ApiError error{answered(500),
                         {.code = "csi\xc2\x9b"
                                  "31m",
                          .description = "user\xe2\x80\xaetxt.exe"}};
    CHECK(to_string(error) == "server_error 500 code=csi 31m: user txt.exe certainty=answered");
    const ApiError cut{answered(500), {.description = std::string(199, 'x') + "\xc3\xa4"}};
    CHECK_THAT(to_string(cut), ContainsSubstring("xxx... certainty"));
}

TEST_CASE("Without a description, the log line says what went wrong here") {
    const Failure failure{.kind = tls_failed, .reach = Reach::never_sent};
    const ApiError error{failure, {.message = "the handshake was cut"}};
    CHECK(to_string(error) == "tls_failed: the handshake was cut certainty=not_sent");
}
