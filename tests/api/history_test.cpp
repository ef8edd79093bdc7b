#include <backstay/api/history.hpp>

#include "support/catch.hpp"

#include <chrono>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

History::Outcome answered(int number, int status) {
    Fields fields;
    fields.add("request-id", "h" + std::to_string(number));
    Response response{
        {.status = status, .fields = fields, .exchange = {.remote = "127.0.0.1:1", .reused = true}}};
    return {.number = number, .waited = 1s, .duration = 2s, .failure = response.facts(), .result = response};
}

History filled(int attempts) {
    History history;
    for (int number = 1; number <= attempts; ++number) {
        history.add(answered(number, 503));
    }
    return history;
}

} // namespace

TEST_CASE("An attempt's line tells how it went") {
    History history;
    auto outcome = answered(1, 503);
    outcome.failure.set_hint(45s, Failure::hint_from_body);
    outcome.request_id = "from the body";
    history.add(outcome);
    const auto lines = history.attempts();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].kind == FailureKind::service_unavailable);
    CHECK(lines[0].status == 503);
    CHECK(lines[0].reach == Reach::answered);
    CHECK(lines[0].waited == 1s);
    CHECK(lines[0].duration == 2s);
    CHECK(lines[0].request_id == "from the body");
    CHECK(lines[0].retry_after == Duration{45s});
    CHECK(lines[0].hint_source == "body");
    CHECK(lines[0].reused);
    CHECK_FALSE(lines[0].shared);
    CHECK(lines[0].remote == "127.0.0.1:1");
}

TEST_CASE("A request id comes from the header when the body has none") {
    CHECK(filled(1).attempts()[0].request_id == "h1");
    Fields fields;
    fields.add("Request-Id", "second choice");
    fields.add("x-request-id", "first choice");
    CHECK(request_id_of(fields) == "first choice");
    CHECK(request_id_of({}).empty());
}

TEST_CASE("A lost attempt tells where it went") {
    History history;
    const Failure lost{.kind = FailureKind::connection_lost, .reach = Reach::maybe_processed};
    history.add({.number = 1,
                 .failure = lost,
                 .result = fail(TransportError{lost, {}, {.exchange = {.remote = "[::1]:8443"}}})});
    history.add({.number = 2, .failure = lost, .result = fail(TransportError{lost})});
    const auto lines = history.attempts();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].status == 0);
    CHECK(lines[0].remote == "[::1]:8443");
    CHECK(lines[1].remote.empty());
    CHECK(history.certainty() == Certainty::unknown);
}

TEST_CASE("An attempt that served other calls too says so, with a reply or without") {
    auto good = answered(1, 200);
    good.result->mark_shared();
    auto bad = answered(2, 503);
    TransportError lost{Failure{.kind = FailureKind::connection_lost}};
    lost.mark_shared();
    bad.result = fail(lost);
    History history;
    history.add(good);
    history.add(bad);
    history.add(answered(3, 200));
    const auto lines = history.attempts();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].shared);
    CHECK(lines[0].remote == "127.0.0.1:1");
    CHECK(lines[1].shared);
    CHECK_FALSE(lines[2].shared);
}

TEST_CASE("Up to thirty attempts are all kept") {
    CHECK(History{}.attempts().empty());
    for (const int attempts : {1, 2, 15, 16, 17, 29, 30}) {
        const auto history = filled(attempts);
        const auto lines = history.attempts();
        REQUIRE(lines.size() == static_cast<std::size_t>(attempts));
        for (int i = 0; i < attempts; ++i) {
            CHECK(lines[static_cast<std::size_t>(i)].number == i + 1);
        }
    }
}

TEST_CASE("Of more, the first and last fifteen are kept and all are counted") {
    for (const int attempts : {31, 44, 45, 59, 100}) {
        const auto history = filled(attempts);
        CHECK(history.total() == attempts);
        const auto lines = history.attempts();
        REQUIRE(lines.size() == 30);
        for (int i = 0; i < 15; ++i) {
            CHECK(lines[static_cast<std::size_t>(i)].number == i + 1);
            CHECK(lines[static_cast<std::size_t>(15 + i)].number == attempts - 14 + i);
        }
    }
}

TEST_CASE("Attempts that are no longer kept still count for the certainty") {
    const Failure lost{.kind = FailureKind::connection_lost, .reach = Reach::maybe_processed};
    History history = filled(15);
    history.add({.number = 16, .failure = lost, .result = fail(TransportError{lost})});
    for (int number = 17; number < 60; ++number) {
        history.add(answered(number, 429));
    }
    CHECK(history.certainty() == Certainty::unknown);
}
