#include <backstay/api/guide.hpp>

#include "support/catch.hpp"

using namespace backstay;

TEST_CASE("Every kind has neutral advice and something to tell an end user") {
    const ApiGuide neutral;
    for (int value = 0; value < 256; ++value) {
        const auto kind = static_cast<FailureKind>(value);
        INFO(to_string(kind));
        REQUIRE_FALSE(neutral.advice(kind).empty());
        for (const auto& line : neutral.advice(kind)) {
            CHECK_FALSE(line.empty());
        }
        CHECK_FALSE(neutral.user_message(kind).empty());
    }
}

TEST_CASE("Neutral advice names no wait that is never told, and no fault that is not known") {
    const ApiGuide neutral;
    for (const auto& line : neutral.advice(FailureKind::concurrency_rejected)) {
        CHECK_THAT(line, !ContainsSubstring("retry_after"));
    }
    for (const auto kind : {FailureKind::deadline_exceeded, FailureKind::attempt_timeout}) {
        CHECK(neutral.user_message(kind) == "This took too long. Please try again later.");
    }
}

TEST_CASE("A guide's own lines come first, the neutral ones fill in") {
    const ApiGuide guide{{{FailureKind::not_found, {.advice = {"Ask the librarian"}}},
                          {FailureKind::forbidden, {.user_message = "Members only."}}}};
    const ApiGuide neutral;
    CHECK(guide.advice(FailureKind::not_found) == std::vector<std::string>{"Ask the librarian"});
    CHECK(guide.user_message(FailureKind::not_found) == neutral.user_message(FailureKind::not_found));
    CHECK(guide.user_message(FailureKind::forbidden) == "Members only.");
    CHECK(guide.advice(FailureKind::forbidden) == neutral.advice(FailureKind::forbidden));
    CHECK(guide.advice(FailureKind::conflict) == neutral.advice(FailureKind::conflict));
}
