#include <backstay/core/failure.hpp>

#include "support/catch.hpp"

#include <set>
#include <string_view>
#include <utility>
#include <vector>

using namespace backstay;
using enum FailureKind;
using namespace std::chrono_literals;

TEST_CASE("the kind of a reply comes from its status alone", "[failure]") {
    const std::vector<std::pair<int, FailureKind>> rows{
        {0, none},
        {100, none},
        {103, none},
        {200, none},
        {201, none},
        {202, none},
        {204, none},
        {206, none},
        {299, none},
        {300, redirect},
        {301, redirect},
        {302, redirect},
        {304, not_modified},
        {307, redirect},
        {308, redirect},
        {399, redirect},
        {400, bad_request},
        {401, unauthorized},
        {402, client_error},
        {403, forbidden},
        {404, not_found},
        {405, client_error},
        {408, request_timeout},
        {409, conflict},
        {410, client_error},
        {418, client_error},
        {421, client_error},
        {422, validation_error},
        {425, too_early},
        {428, client_error},
        {429, rate_limited},
        {451, client_error},
        {499, client_error},
        {500, server_error},
        {501, not_supported},
        {502, bad_gateway},
        {503, service_unavailable},
        {504, gateway_timeout},
        {505, not_supported},
        {506, server_error},
        {511, server_error},
        {529, server_error},
        {599, server_error},
        {999, server_error},
    };
    for (const auto& [status, kind] : rows) {
        CAPTURE(status);
        CHECK(kind_of_status(status) == kind);
    }
}

TEST_CASE("every kind has a name of its own, and a user's kind is called custom", "[failure]") {
    std::set<std::string_view> names;
    for (unsigned kind = 0; kind <= static_cast<unsigned>(client_closed); ++kind) {
        const std::string_view name = to_string(static_cast<FailureKind>(kind));
        CAPTURE(kind, name);
        CHECK_FALSE(name.empty());
        CHECK(name != "custom");
        CHECK(names.insert(name).second);
    }
    CHECK(to_string(FailureKind{static_cast<std::uint8_t>(client_closed) + 1}) == "custom");
    CHECK(to_string(FailureKind{128}) == "custom");
    CHECK(to_string(FailureKind{255}) == "custom");
}

TEST_CASE("names are those of the enumerators", "[failure]") {
    CHECK(to_string(none) == "none");
    CHECK(to_string(rate_limited) == "rate_limited");
    CHECK(to_string(decode_error) == "decode_error");
    CHECK(to_string(resolve_failed) == "resolve_failed");
    CHECK(to_string(attempt_timeout) == "attempt_timeout");
    CHECK(to_string(exception) == "exception");
    CHECK(to_string(circuit_open) == "circuit_open");
    CHECK(to_string(client_closed) == "client_closed");
    CHECK(to_string(Reach::maybe_processed) == "maybe_processed");
    CHECK(to_string(Reach::answered) == "answered");
    CHECK(to_string(StopReason::none) == "none");
    CHECK(to_string(StopReason::server_wait_too_long) == "server_wait_too_long");
    CHECK(to_string(StopReason::refused) == "refused");
    CHECK(to_string(StopReason::switched_off) == "switched_off");
    CHECK(to_string(RefusedBy::circuit_breaker) == "circuit_breaker");
    CHECK(to_string(RefusedBy::client) == "client");
    CHECK(to_string(RefusedBy::credentials) == "credentials");
}

TEST_CASE("a hint names the place it was found in", "[failure]") {
    const auto found_in = [](std::uint16_t source) { return hint_source(Failure{}.set_hint(1s, source)); };
    CHECK(hint_source({}) == "");
    CHECK(found_in(0) == "");
    CHECK(found_in(Failure::hint_from_header) == "header");
    CHECK(found_in(Failure::hint_from_body) == "body");
    CHECK(found_in(Failure::hint_from_limits) == "rate_limit");
}

TEST_CASE("a hint of zero is a hint", "[failure]") {
    Failure failure;
    CHECK_FALSE(failure.is(Failure::has_hint));
    CHECK(failure.set_hint(0s).is(Failure::has_hint));
}

TEST_CASE("a hint keeps the other flags", "[failure]") {
    Failure failure{.flags = Failure::in_progress};
    failure.set_hint(2s, Failure::hint_from_body);
    CHECK(failure.is(Failure::in_progress));
    CHECK(failure.is(Failure::has_hint));
    CHECK(failure.hint == 2s);
}

TEST_CASE("a refusal says who refused, and when to come back", "[failure]") {
    const Failure failure = refusal(circuit_open, RefusedBy::circuit_breaker, 3s);
    CHECK(failure.reach == Reach::refused_here);
    CHECK(failure.refused_by == RefusedBy::circuit_breaker);
    CHECK(failure.is(Failure::has_hint));
    CHECK(failure.hint == 3s);
    CHECK(failure.status == 0);
}

TEST_CASE("the earlier deadline names the outcome, and on a tie the outer one stands", "[failure]") {
    Deadline deadline;
    CHECK(deadline.at == end_of_time);

    const TimePoint noon{12h};
    deadline.narrow(noon, deadline_exceeded);
    CHECK(deadline.at == noon);
    deadline.narrow(noon, attempt_timeout);
    CHECK(deadline.kind == deadline_exceeded);
    deadline.narrow(noon + 1ns, attempt_timeout);
    CHECK(deadline.at == noon);
    deadline.narrow(noon - 1ns, attempt_timeout);
    CHECK(deadline.at == noon - 1ns);
    CHECK(deadline.kind == attempt_timeout);
}

TEST_CASE("time saturates instead of overflowing", "[failure]") {
    const TimePoint now{1h};
    CHECK(saturating_add(now, 1s) == now + 1s);
    CHECK(saturating_add(now, -1s) == now - 1s);
    CHECK(saturating_add(now, Duration::max()) == end_of_time);
    CHECK(saturating_add(end_of_time, 1ns) == end_of_time);
    CHECK(saturating_add(TimePoint{-1h}, Duration::min()) == TimePoint::min());
    CHECK(saturating_add(TimePoint::min(), -1ns) == TimePoint::min());
}
