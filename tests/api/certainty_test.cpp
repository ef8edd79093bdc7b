#include <backstay/api/certainty.hpp>

#include "support/catch.hpp"

#include <initializer_list>
#include <vector>

using namespace backstay;

namespace {

using enum FailureKind;

Failure answered(int status, bool with_wait = false) {
    Failure failure{.kind = kind_of_status(status),
                    .reach = Reach::answered,
                    .status = static_cast<std::uint16_t>(status)};
    if (with_wait) {
        failure.set_hint(std::chrono::seconds{1}, Failure::hint_from_header);
    }
    return failure;
}

const Failure lost{.kind = connection_lost, .reach = Reach::maybe_processed};
const Failure timed_out{.kind = attempt_timeout, .reach = Reach::maybe_processed};
const Failure unreached{.kind = connect_failed, .reach = Reach::never_sent};
const Failure refused_by_breaker{.kind = circuit_open, .reach = Reach::refused_here};

Certainty fold(std::initializer_list<Failure> outcomes, bool read_only = false) {
    CertaintyFold certainty{read_only};
    for (const auto& outcome : outcomes) {
        certainty.add(outcome);
    }
    return certainty.value();
}

struct Row {
    const char* what;
    std::vector<Failure> outcomes;
    Certainty expected;
};

} // namespace

TEST_CASE("One attempt's certainty is what its outcome says") {
    CHECK(fold({}) == Certainty::not_sent);
    CHECK(fold({unreached}) == Certainty::not_sent);
    CHECK(fold({refused_by_breaker}) == Certainty::refused);
    CHECK(fold({lost}) == Certainty::unknown);
    CHECK(fold({timed_out}) == Certainty::unknown);
    CHECK(fold({answered(404)}) == Certainty::answered);
    CHECK(fold({answered(500)}) == Certainty::answered);
    CHECK(fold({answered(429)}) == Certainty::refused);
    CHECK(fold({answered(503)}) == Certainty::answered);
    CHECK(fold({answered(503, true)}) == Certainty::refused);
}

TEST_CASE("A gateway does not know what became of a call that changes something") {
    for (const int status : {502, 504}) {
        CHECK(fold({answered(status)}) == Certainty::unknown);
        CHECK(fold({answered(status)}, true) == Certainty::answered);
    }
}

TEST_CASE("Attempts are folded in order") {
    const Row rows[]{
        {"worked on, then turned away", {unreached, answered(500), answered(429)}, Certainty::answered},
        {"worked on, then not even reached", {answered(500), unreached}, Certainty::answered},
        {"turned away, then not even reached", {answered(503, true), unreached}, Certainty::refused},
        {"not reached, then worked on", {unreached, answered(500)}, Certainty::answered},
        {"worked on, then lost", {answered(500), lost}, Certainty::unknown},
        {"lost after a refusal", {answered(429), lost}, Certainty::unknown},
        {"lost, then not even reached", {lost, unreached}, Certainty::unknown},
        {"lost, then refused here", {lost, refused_by_breaker}, Certainty::unknown},
        {"lost, then turned away unseen", {lost, answered(429)}, Certainty::unknown},
        {"lost, then invited to come back", {lost, answered(503, true)}, Certainty::unknown},
        {"lost, then the token had expired", {lost, answered(401)}, Certainty::unknown},
        {"lost, then the repeat failed inside", {lost, answered(500)}, Certainty::unknown},
        {"lost, then found invalid", {lost, answered(422)}, Certainty::answered},
        {"lost, then found to exist", {timed_out, answered(409)}, Certainty::answered},
        {"lost, then done", {lost, answered(201)}, Certainty::answered},
        {"lost, answered, lost again", {lost, answered(404), lost}, Certainty::unknown},
        {"unknown to the gateway, then answered", {answered(502), answered(404)}, Certainty::answered},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CertaintyFold certainty;
        for (const auto& outcome : row.outcomes) {
            certainty.add(outcome);
        }
        CHECK(certainty.value() == row.expected);
    }
}

TEST_CASE("Certainties have names") {
    CHECK(to_string(Certainty::not_sent) == "not_sent");
    CHECK(to_string(Certainty::refused) == "refused");
    CHECK(to_string(Certainty::unknown) == "unknown");
    CHECK(to_string(Certainty::answered) == "answered");
}
