#include "expectations.hpp"

#include <backstay/core/description.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <string_view>

namespace demo {

namespace {

using namespace std::chrono_literals;
using backstay::Certainty;
using backstay::CircuitState;
using backstay::StopReason;
using backstay::to_text;

struct Expectation {
    std::string_view name{};
    std::string_view outcome{};
    std::string_view attempts{}; ///< what each came to; empty: one, that came to the status `name`
    StopReason stop = StopReason::none;
    Certainty certainty = Certainty::answered;
    std::size_t effects = 0;
    backstay::Duration waited_at_least{0};
    std::optional<CircuitState> circuit{};
};

// Written by hand from the guide and from what the policies promise; nothing here is read from faults.json.
const std::array expectations{
    Expectation{.name = "200", .outcome = "200"},
    Expectation{.name = "201", .outcome = "201", .effects = 1},
    Expectation{.name = "202", .outcome = "202", .effects = 1},
    Expectation{.name = "204", .outcome = "204", .effects = 1},
    Expectation{.name = "400", .outcome = "bad_request"},
    Expectation{.name = "401", .outcome = "unauthorized"},
    Expectation{.name = "403", .outcome = "forbidden"},
    Expectation{.name = "404", .outcome = "not_found"},
    Expectation{.name = "409", .outcome = "conflict"},
    Expectation{.name = "422", .outcome = "validation_error"},
    Expectation{.name = "429", .outcome = "rate_limited", .certainty = Certainty::refused},
    Expectation{.name = "500", .outcome = "server_error"},
    Expectation{.name = "502", .outcome = "bad_gateway"},
    Expectation{.name = "503", .outcome = "service_unavailable", .certainty = Certainty::refused},
    Expectation{.name = "504", .outcome = "gateway_timeout"},

    Expectation{.name = "busy", .outcome = "200", .attempts = "429 200", .waited_at_least = 1s},

    Expectation{.name = "outage begins",
                .outcome = "service_unavailable",
                .attempts = "503 503 503",
                .stop = StopReason::attempts_exhausted,
                .circuit = CircuitState::closed},
    Expectation{.name = "outage goes on",
                .outcome = "service_unavailable",
                .attempts = "503 503",
                .stop = StopReason::refused,
                .circuit = CircuitState::open},
    Expectation{.name = "outage is known",
                .outcome = "circuit_open",
                .attempts = "none",
                .stop = StopReason::refused,
                .certainty = Certainty::refused,
                .circuit = CircuitState::open},
    Expectation{
        .name = "outage is over", .outcome = "200", .attempts = "200", .circuit = CircuitState::half_open},
    Expectation{
        .name = "outage is forgotten", .outcome = "200", .attempts = "200", .circuit = CircuitState::closed},

    Expectation{.name = "flaky", .outcome = "200", .attempts = "500 500 200"},
    Expectation{.name = "reset", .outcome = "200", .attempts = "connection_lost 200"},
    Expectation{.name = "stalled", .outcome = "200", .attempts = "attempt_timeout 200"},
    Expectation{.name = "maintenance",
                .outcome = "service_unavailable",
                .attempts = "503",
                .stop = StopReason::deadline,
                .certainty = Certainty::refused},
    Expectation{.name = "proxy",
                .outcome = "bad_gateway",
                .attempts = "502 502 502",
                .stop = StopReason::attempts_exhausted},

    Expectation{.name = "job without a key",
                .outcome = "connection_lost",
                .attempts = "connection_lost",
                .stop = StopReason::unsafe_to_repeat,
                .certainty = Certainty::unknown,
                .effects = 1},
    Expectation{.name = "job with a key", .outcome = "202", .attempts = "connection_lost 202", .effects = 1},
};

template <std::integral Number>
std::string text(Number number) {
    return std::to_string(number);
}
std::string text(std::string_view words) {
    return std::string(words);
}
std::string text(std::optional<CircuitState> state) {
    return state ? std::string(to_string(*state)) : "not shown";
}
template <class Enum>
    requires std::is_enum_v<Enum>
std::string text(Enum value) {
    return std::string(to_string(value));
}

std::string outcomes_of(const std::vector<backstay::Attempt>& attempts) {
    std::string list;
    for (const backstay::Attempt& attempt : attempts) {
        list.append(list.empty() ? "" : " ");
        list.append(attempt.status != 0 ? text(attempt.status) : text(attempt.kind));
    }
    return list.empty() ? "none" : list;
}

struct Comparison {
    std::vector<std::string> differences{};

    template <class Value>
    void same(std::string_view what, const Value& expected, const Value& found) {
        if (!(expected == found)) {
            differences.push_back(text(what) + ": expected " + text(expected) + ", found " + text(found));
        }
    }
};

} // namespace

std::vector<std::string> differences(const Observed& observed) {
    const auto* const expected =
        std::find_if(expectations.begin(), expectations.end(),
                     [&](const Expectation& one) { return one.name == observed.name; });
    if (expected == expectations.end()) {
        return {"nothing is expected of a call named '" + observed.name + "'"};
    }
    Comparison compare;
    compare.same("outcome", text(expected->outcome), observed.outcome());
    compare.same("attempts", text(expected->attempts.empty() ? expected->name : expected->attempts),
                 outcomes_of(observed.attempts));
    compare.same("requests at the server", observed.attempts.size(), observed.requests);
    compare.same("effects at the server", expected->effects, observed.effects);
    compare.same("circuit", expected->circuit, observed.circuit);
    if (observed.error) {
        compare.same("why it stopped", expected->stop, observed.error->stop_reason());
        compare.same("certainty", expected->certainty, observed.error->certainty());
    }
    backstay::Duration waited{0};
    for (const backstay::Attempt& attempt : observed.attempts) {
        waited += attempt.number > 1 ? attempt.waited : backstay::Duration{0};
    }
    if (waited < expected->waited_at_least) {
        compare.differences.push_back("waits: expected " + to_text(expected->waited_at_least) +
                                      " or more, found " + to_text(waited));
    }
    return compare.differences;
}

std::size_t expected_calls() noexcept {
    return expectations.size();
}

} // namespace demo
