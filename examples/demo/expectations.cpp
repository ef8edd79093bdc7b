#include "expectations.hpp"

#include <array>
#include <chrono>

namespace demo {

namespace {

using namespace std::chrono_literals;
using backstay::Certainty;
using backstay::CircuitState;
using backstay::StopReason;

// Written by hand from the guide and from what the policies promise; nothing here is read from faults.json.
const std::array all{
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

    Expectation{.name = "signed in",
                .outcome = "200",
                .attempts = "200",
                .server = "POST /demo/token: 200, 200",
                .requests_besides = 1},
    Expectation{.name = "token revoked",
                .callers = 50,
                .outcome = "200",
                .attempts = "50 x (401 200)",
                .server = "50 x 401, POST /demo/token: 200, 50 x 200",
                .requests_besides = 1},

    Expectation{
        .name = "quota spent", .outcome = "rate_limited", .attempts = "429", .certainty = Certainty::refused},
    Expectation{.name = "others go on",
                .callers = 5,
                .outcome = "200",
                .attempts = "5 x 200",
                .server = "5 x 200",
                .before = 2s},
    Expectation{.name = "its own are held back",
                .callers = 5,
                .outcome = "200",
                .attempts = "5 x 200",
                .server = "5 x 200",
                .not_before = 2s},

    Expectation{.name = "hedged",
                .outcome = "200",
                .attempts = "canceled 200",
                .data = R"({"answered":"at once"})",
                .server = "200 after 3 s, 200"},

    Expectation{.name = "rates of yesterday",
                .outcome = "fallback",
                .attempts = "503 503 503",
                .data = R"({"EUR":"1.08"})",
                .server = "3 x 503"},
    Expectation{.name = "rates of today", .outcome = "200", .attempts = "200", .data = R"({"EUR":"1.09"})"},

    Expectation{.name = "storm",
                .callers = 20,
                .outcome = "server_error",
                .attempts = "17 x 500, 3 x (500 500)",
                .stop = StopReason::budget_exhausted},
    Expectation{.name = "storm goes on",
                .callers = 20,
                .outcome = "server_error",
                .attempts = "20 x 500",
                .stop = StopReason::budget_exhausted},
    Expectation{.name = "storm is over", .callers = 10, .outcome = "200", .attempts = "10 x 200"},
    Expectation{.name = "storm is forgotten", .outcome = "200", .attempts = "500 200"},

    Expectation{.name = "not isolated", .outcome = "200", .attempts = "200", .circuit = CircuitState::closed},
    Expectation{.name = "isolated",
                .callers = 5,
                .outcome = "circuit_open",
                .attempts = "5 x none",
                .stop = StopReason::refused,
                .certainty = Certainty::refused,
                .circuit = CircuitState::isolated},
    Expectation{.name = "closed again", .outcome = "200", .attempts = "200", .circuit = CircuitState::closed},
};

} // namespace

std::span<const Expectation> expectations() noexcept {
    return all;
}

} // namespace demo
