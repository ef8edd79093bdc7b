#include <backstay/core/classifier.hpp>

#include "support/catch.hpp"

#include <set>
#include <vector>

using namespace backstay;
using enum FailureKind;
using std::chrono::seconds;

namespace {

/// One row of the table of outcomes: what the defaults say of a failure of a safe and of an unsafe request.
struct Row {
    FailureKind kind;
    Reach reach;
    bool repeat_safe;
    bool repeat_unsafe;
    Vote vote;
    bool feeds_cool_down;
    bool overload = false;
};

const std::vector<Row> table{
    // answered
    {not_modified, Reach::answered, false, false, Vote::success, false},
    {redirect, Reach::answered, false, false, Vote::neutral, false},
    {bad_request, Reach::answered, false, false, Vote::neutral, false},
    {unauthorized, Reach::answered, false, false, Vote::neutral, false},
    {forbidden, Reach::answered, false, false, Vote::neutral, false},
    {not_found, Reach::answered, false, false, Vote::neutral, false},
    {conflict, Reach::answered, false, false, Vote::neutral, false},
    {validation_error, Reach::answered, false, false, Vote::neutral, false},
    {request_timeout, Reach::answered, true, false, Vote::failure, false},
    {too_early, Reach::answered, true, false, Vote::failure, false},
    {rate_limited, Reach::answered, true, true, Vote::neutral, true, true},
    {client_error, Reach::answered, false, false, Vote::neutral, false},
    {server_error, Reach::answered, true, false, Vote::failure, false},
    {not_supported, Reach::answered, false, false, Vote::neutral, false},
    {bad_gateway, Reach::answered, true, false, Vote::failure, false},
    {gateway_timeout, Reach::answered, true, false, Vote::failure, false, true},
    {service_unavailable, Reach::answered, true, false, Vote::failure, true, true},
    {decode_error, Reach::answered, false, false, Vote::success, false},
    // the network
    {resolve_failed, Reach::never_sent, true, true, Vote::failure, false},
    {connect_failed, Reach::never_sent, true, true, Vote::failure, false},
    {tls_failed, Reach::never_sent, true, true, Vote::failure, false},
    {tls_failed, Reach::maybe_processed, true, false, Vote::failure, false},
    {certificate_rejected, Reach::never_sent, false, false, Vote::failure, false},
    {connection_lost, Reach::maybe_processed, true, false, Vote::failure, false},
    {connection_lost, Reach::never_sent, true, true, Vote::failure, false},
    {protocol_error, Reach::maybe_processed, true, false, Vote::failure, false},
    {truncated, Reach::maybe_processed, true, false, Vote::failure, false},
    {head_too_large, Reach::maybe_processed, false, false, Vote::neutral, false},
    {body_too_large, Reach::maybe_processed, false, false, Vote::neutral, false},
    {too_many_redirects, Reach::answered, false, false, Vote::neutral, false},
    // time
    {attempt_timeout, Reach::maybe_processed, true, false, Vote::failure, false, true},
    {attempt_timeout, Reach::never_sent, true, true, Vote::failure, false, true},
    {deadline_exceeded, Reach::maybe_processed, false, false, Vote::failure, false, true},
    {canceled, Reach::maybe_processed, false, false, Vote::neutral, false},
    // this process
    {exception, Reach::maybe_processed, false, false, Vote::neutral, false},
    {out_of_memory, Reach::never_sent, false, false, Vote::neutral, false},
    {invalid_request, Reach::never_sent, false, false, Vote::neutral, false},
    {resource_exhausted, Reach::never_sent, false, false, Vote::neutral, false},
    // refused here
    {circuit_open, Reach::refused_here, false, false, Vote::neutral, false},
    {cooling_down, Reach::refused_here, false, false, Vote::neutral, false},
    {rate_limit_rejected, Reach::refused_here, false, false, Vote::neutral, false},
    {concurrency_rejected, Reach::refused_here, false, false, Vote::neutral, false},
    {throttled, Reach::refused_here, false, false, Vote::neutral, false},
    {client_closed, Reach::refused_here, false, false, Vote::neutral, false},
    // a user's own kind
    {FailureKind{200}, Reach::answered, false, false, Vote::neutral, false},
};

} // namespace

TEST_CASE("the default table says what the table of outcomes says, row by row", "[classifier]") {
    const Classifier classifier;
    for (const Row& row : table) {
        CAPTURE(to_string(row.kind), to_string(row.reach));
        const Failure failure{.kind = row.kind, .reach = row.reach};
        CHECK(classifier.may_repeat(failure, true) == row.repeat_safe);
        CHECK(classifier.may_repeat(failure, false) == row.repeat_unsafe);
        CHECK(classifier.unsafe_to_repeat(failure, false) == (row.repeat_safe && !row.repeat_unsafe));
        CHECK_FALSE(classifier.unsafe_to_repeat(failure, true));
        CHECK(classifier[row.kind].vote == row.vote);
        CHECK(classifier[row.kind].feeds_cool_down == row.feeds_cool_down);
        CHECK(classifier[row.kind].overload == row.overload);
    }
}

TEST_CASE("the table above leaves no kind out", "[classifier]") {
    std::set<FailureKind> listed;
    for (const Row& row : table) {
        listed.insert(row.kind);
    }
    for (unsigned kind = 1; kind <= static_cast<unsigned>(client_closed); ++kind) {
        CAPTURE(kind);
        CHECK(listed.count(static_cast<FailureKind>(kind)) == 1);
    }
}

TEST_CASE("an unsafe request is repeated after a 503 that carries a wait, unless that is switched off",
          "[classifier]") {
    Classifier classifier;
    Failure failure{.kind = service_unavailable, .reach = Reach::answered, .status = 503};
    CHECK_FALSE(classifier.may_repeat(failure, false));
    failure.set_hint(seconds{1});
    CHECK(classifier.may_repeat(failure, false));
    classifier.repeat_unsafe_when_invited = false;
    CHECK_FALSE(classifier.may_repeat(failure, false));
    CHECK(classifier.unsafe_to_repeat(failure, false));
    CHECK(classifier.may_repeat(failure, true));
}

TEST_CASE("a wait invites the repeat of an unsafe request after 503 only", "[classifier]") {
    const Classifier classifier;
    for (const FailureKind kind : {server_error, bad_gateway, gateway_timeout, request_timeout}) {
        Failure failure{.kind = kind, .reach = Reach::answered};
        failure.set_hint(seconds{1});
        CAPTURE(to_string(kind));
        CHECK_FALSE(classifier.may_repeat(failure, false));
    }
}

TEST_CASE("an unsafe request is repeated after a 429, unless that is switched off", "[classifier]") {
    Classifier classifier;
    const Failure failure{.kind = rate_limited, .reach = Reach::answered, .status = 429};
    CHECK(classifier.may_repeat(failure, false));
    classifier.repeat_unsafe_when_rate_limited = false;
    CHECK_FALSE(classifier.may_repeat(failure, false));
    CHECK(classifier.unsafe_to_repeat(failure, false));
    CHECK(classifier.may_repeat(failure, true));
}

TEST_CASE("a 409 is repeated only when the first attempt with its key is still in progress", "[classifier]") {
    Classifier classifier;
    Failure failure{.kind = conflict, .reach = Reach::answered, .status = 409};
    CHECK_FALSE(classifier.may_repeat(failure, true));
    failure.flags = Failure::in_progress;
    CHECK(classifier.may_repeat(failure, true));
    classifier.repeat_in_progress = false;
    CHECK_FALSE(classifier.may_repeat(failure, true));
}

TEST_CASE("a user changes a row, and gives kinds of its own a rule", "[classifier]") {
    constexpr FailureKind leader_moved{130};
    Classifier classifier;
    classifier.set(not_found, {Repeat::if_safe, Vote::neutral, false})
        .set(leader_moved, {Repeat::always, Vote::failure, true});

    CHECK(classifier.may_repeat({.kind = not_found, .reach = Reach::answered}, true));
    CHECK_FALSE(classifier.may_repeat({.kind = not_found, .reach = Reach::answered}, false));
    CHECK(classifier.may_repeat({.kind = leader_moved, .reach = Reach::answered}, false));
    CHECK(classifier[leader_moved].vote == Vote::failure);
    CHECK(classifier[leader_moved].feeds_cool_down);
}

TEST_CASE("what was refused here is not repeated, whatever its row says", "[classifier]") {
    Classifier classifier;
    classifier.set(circuit_open, {Repeat::always, Vote::neutral, false});
    CHECK_FALSE(classifier.may_repeat(refusal(circuit_open, RefusedBy::circuit_breaker, seconds{1}), true));
}

TEST_CASE("an answer to another request than was sent first refuses nothing", "[classifier]") {
    const Classifier classifier;
    for (const FailureKind kind : {rate_limited, service_unavailable}) {
        Failure failure{.kind = kind, .reach = Reach::answered};
        failure.set_hint(seconds(1));
        CHECK(classifier.may_repeat(failure, false));
        failure.reach = Reach::maybe_processed;
        CHECK_FALSE(classifier.may_repeat(failure, false));
        CHECK(classifier.may_repeat(failure, true));
    }
}
