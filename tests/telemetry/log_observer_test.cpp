#include <backstay/telemetry/log_observer.hpp>

#include "support/catch.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start{1h};

/// An observer that keeps its lines.
struct Log {
    explicit Log(LogOptions options = LogOptions()) : observer(keep(std::move(options))) {}

    LogOptions keep(LogOptions options) {
        options.sink = [this](std::string_view line) { lines.emplace_back(line); };
        return options;
    }

    std::vector<std::string> lines;
    LogObserver observer;
};

Event failed(FailureKind kind = FailureKind::server_error, std::uint16_t status = 500) {
    return {.type = EventType::call_ended,
            .kind = kind,
            .status = status,
            .attempt = 1,
            .at = start,
            .origin = "https://api.test:443",
            .operation = "get order"};
}

Event attempt(FailureKind kind, std::string_view origin = "https://api.test:443", TimePoint at = start) {
    return {.type = EventType::attempt_ended, .kind = kind, .at = at, .origin = origin};
}

Event circuit(EventType type, std::string_view origin = "https://api.test:443") {
    return {.type = type, .at = start, .origin = origin, .operation = "get order"};
}

} // namespace

TEST_CASE("a call that failed is one line with all that is known of it", "[log_observer]") {
    Log log({.budget_left = [](const Event& event) {
        CHECK(event.operation == "get order");
        return 2.9;
    }});
    Event event = failed(FailureKind::service_unavailable, 503);
    event.certainty = Certainty::refused;
    event.stop_reason = StopReason::refused;
    event.refused_by = RefusedBy::circuit_breaker;
    event.attempt = 2;
    event.resends = 1;
    event.duration = 1200ms;
    event.queued = 5ms;
    event.delay = 28s;
    event.remote = "192.0.2.1:443";
    event.request_id = "r-2";
    event.trace_id = "0af7651916cd43dd8448eb211c80319c";
    event.detail = "#1 503 service_unavailable in 5 ms request_id=r-1; #2 after 1 s 503 ...";
    log.observer.notify(event);
    REQUIRE(log.lines.size() == 1);
    CHECK(log.lines[0] ==
          "level=error event=call_failed operation=\"get order\" origin=https://api.test:443 "
          "address=192.0.2.1:443 kind=service_unavailable status=503 certainty=refused stop_reason=refused "
          "refused_by=circuit_breaker attempts=2 "
          "tried=\"#1 503 service_unavailable in 5 ms request_id=r-1; #2 after 1 s 503 ...\" resends=1 "
          "duration=1.2s queued=5ms deadline_left=28s budget_left=2.9 request_id=r-2 "
          "trace_id=0af7651916cd43dd8448eb211c80319c");
}

TEST_CASE("what is not known is left out of the line", "[log_observer]") {
    Log log({.budget_left = [](const Event&) { return std::optional<double>{}; }});
    Event event = failed(FailureKind::circuit_open, 0);
    event.attempt = 0;
    log.observer.notify(event);
    CHECK(log.lines == std::vector<std::string>{"level=warn event=call_failed operation=\"get order\" "
                                                "origin=https://api.test:443 kind=circuit_open attempts=0"});
}

TEST_CASE("a line is written when the budget's function throws", "[log_observer]") {
    Log log({.lines_per_second = 1,
             .budget_left = [](const Event&) -> std::optional<double> { throw std::runtime_error("no"); }});
    log.observer.notify(failed());
    REQUIRE(log.lines.size() == 1);
    CHECK_THAT(log.lines[0], ContainsSubstring("event=call_failed") && !ContainsSubstring("budget_left"));
    CHECK(log.observer.dropped() == 0);
}

TEST_CASE("a line says in words what was wrong with the call, as far as that is ours to say",
          "[log_observer]") {
    Log log;
    Event event = failed(FailureKind::invalid_request, 0);
    event.message = "the path has a `#`: percent-encode it";
    log.observer.notify(event);
    REQUIRE(log.lines.size() == 1);
    CHECK_THAT(log.lines[0], ContainsSubstring("message=\"the path has a `#`: percent-encode it\""));
}

TEST_CASE("a call that succeeds is no line", "[log_observer]") {
    Log log;
    log.observer.notify(attempt(FailureKind::server_error));
    log.observer.notify(attempt(FailureKind::none));
    log.observer.notify(failed(FailureKind::none, 200));
    CHECK(log.lines.empty());
}

TEST_CASE("levels say whose fault it is, and lesser lines are not written", "[log_observer]") {
    const auto level = [](const Event& event, LogLevel least = LogLevel::info) {
        Log log({.least = least});
        log.observer.notify(event);
        return log.lines.empty() ? "" : log.lines[0].substr(6, log.lines[0].find(' ') - 6);
    };
    CHECK(level(failed(FailureKind::canceled, 0)) == "info");
    CHECK(level(failed(FailureKind::client_closed, 0)) == "info");
    CHECK(level(failed(FailureKind::not_found, 404)) == "warn");
    CHECK(level(failed(FailureKind::rate_limited, 429)) == "warn");
    CHECK(level(failed(FailureKind::throttled, 0)) == "warn");
    CHECK(level(failed(FailureKind::server_error, 500)) == "error");
    CHECK(level(failed(FailureKind::decode_error, 200)) == "error");
    CHECK(level(failed(FailureKind::connect_failed, 0)) == "error");
    CHECK(level(circuit(EventType::circuit_opened)) == "warn");
    CHECK(level(circuit(EventType::circuit_half_open)) == "info");
    CHECK(level(circuit(EventType::circuit_closed)) == "info");

    CHECK(level(failed(FailureKind::not_found, 404), LogLevel::error).empty());
    CHECK(level(circuit(EventType::circuit_opened), LogLevel::warn) == "warn");
    CHECK(level(circuit(EventType::circuit_closed), LogLevel::warn).empty());
}

TEST_CASE("lines beyond the limit are counted and told in the next one", "[log_observer]") {
    Log log({.lines_per_second = 2});
    for (int i = 0; i < 10; ++i) {
        log.observer.notify(failed());
    }
    CHECK(log.lines.size() == 2);
    CHECK(log.observer.suppressed() == 8);
    Event later = failed();
    later.at += 499ms;
    log.observer.notify(later);
    CHECK(log.lines.size() == 2);
    later.at = start + 500ms;
    log.observer.notify(later);
    REQUIRE(log.lines.size() == 3);
    CHECK_THAT(log.lines[2], ContainsSubstring(" suppressed=9"));
    later.at = start + 1h; // not more than a second's lines are saved up
    for (int i = 0; i < 10; ++i) {
        log.observer.notify(later);
    }
    REQUIRE(log.lines.size() == 5);
    CHECK_THAT(log.lines[3], !ContainsSubstring("suppressed"));
    CHECK(log.observer.suppressed() == 17);
}

TEST_CASE("a time that comes late neither gives nor takes lines", "[log_observer]") {
    Log log({.lines_per_second = 2});
    Event event = failed();
    log.observer.notify(event);
    event.at -= 1h;
    log.observer.notify(event);
    CHECK(log.lines.size() == 2);
    event.at += 1h;
    log.observer.notify(event);
    CHECK(log.lines.size() == 2);
}

TEST_CASE("without a limit every failed call is a line", "[log_observer]") {
    Log log({.lines_per_second = 0});
    for (int i = 0; i < 1'000; ++i) {
        log.observer.notify(failed());
    }
    CHECK(log.lines.size() == 1'000);
}

TEST_CASE(
    "a circuit that changes is a line with counts and the three commonest failures since the last change",
    "[log_observer]") {
    Log log({.lines_per_second = 1});
    using enum FailureKind;
    for (const FailureKind kind : {server_error, attempt_timeout, server_error, connect_failed, bad_gateway,
                                   server_error, attempt_timeout, not_found, rate_limited, none}) {
        log.observer.notify(attempt(kind));
    }
    log.observer.notify(attempt(truncated, "https://other.test:443"));
    Event opened = circuit(EventType::circuit_opened);
    opened.kind = server_error;
    opened.status = 500;
    opened.delay = 5s;
    opened.detail = "7 of 9 calls failed, 0 slow";
    opened.trace_id = "0af7651916cd43dd8448eb211c80319c";
    log.observer.notify(opened);
    log.observer.notify(attempt(tls_failed));
    log.observer.notify(circuit(EventType::circuit_half_open));
    log.observer.notify(circuit(EventType::circuit_closed));
    CHECK(log.lines ==
          std::vector<std::string>{
              "level=warn event=circuit_opened origin=https://api.test:443 operation=\"get order\" "
              "kind=server_error status=500 open_for=5s counts=\"7 of 9 calls failed, 0 slow\" "
              "commonest=\"server_error 3, attempt_timeout 2, bad_gateway 1\" "
              "trace_id=0af7651916cd43dd8448eb211c80319c",
              "level=info event=circuit_half_open origin=https://api.test:443 operation=\"get order\" "
              "commonest=\"tls_failed 1\"",
              "level=info event=circuit_closed origin=https://api.test:443 operation=\"get order\""});
}

TEST_CASE("a circuit that would have changed says that it is a dry run", "[log_observer]") {
    Log log;
    Event opened = circuit(EventType::circuit_opened);
    opened.dry_run = true;
    log.observer.notify(opened);
    CHECK_THAT(log.lines.at(0), ContainsSubstring(" dry_run=true"));
}

TEST_CASE("failures are counted for so many origins, those that failed last", "[log_observer]") {
    Log log({.max_origins = 2});
    log.observer.notify(attempt(FailureKind::server_error, "a", start));
    log.observer.notify(attempt(FailureKind::server_error, "b", start + 1s));
    log.observer.notify(attempt(FailureKind::server_error, "a", start + 2s));
    log.observer.notify(attempt(FailureKind::server_error, "c", start + 3s));
    for (const auto* const origin : {"a", "b", "c"}) {
        log.observer.notify(circuit(EventType::circuit_opened, origin));
    }
    CHECK_THAT(log.lines.at(0), ContainsSubstring("commonest=\"server_error 2\""));
    CHECK_THAT(log.lines.at(1), !ContainsSubstring("commonest"));
    CHECK_THAT(log.lines.at(2), ContainsSubstring("commonest=\"server_error 1\""));
}

TEST_CASE("trap: what a server wrote can neither end a line nor inject a field into it", "[log_observer]") {
    Log log;
    Event event = failed();
    event.request_id = "x\nlevel=info event=call_succeeded";
    event.remote = "1.2.3.4:5\" certainty=answered";
    const auto words = std::string("#1 500 server_error request_id=\x1b[31m\r\n").append(5'000, 'y');
    event.detail = words;
    event.operation = "a=b";
    log.observer.notify(event);
    const std::string& line = log.lines.at(0);
    for (const char c : line) {
        CHECK((c >= 0x20 && c < 0x7f));
    }
    CHECK_THAT(line, ContainsSubstring(R"(request_id="x\nlevel=info event=call_succeeded")"));
    CHECK_THAT(line, ContainsSubstring(R"(address="1.2.3.4:5\" certainty=answered")"));
    CHECK_THAT(line, ContainsSubstring(R"(operation="a=b")"));
    CHECK(line.size() < 5'000);
}

TEST_CASE("a sink that throws is ignored and counted", "[log_observer]") {
    LogObserver observer({.sink = [](std::string_view) { throw std::runtime_error("disk full"); }});
    observer.notify(failed());
    observer.notify(circuit(EventType::circuit_opened));
    CHECK(observer.dropped() == 2);
}

TEST_CASE("a sink may use the observer: it is called outside any lock", "[log_observer]") {
    LogObserver* self = nullptr;
    int lines = 0;
    LogObserver observer({.sink = [&](std::string_view) {
        if (++lines < 3) {
            self->notify(failed());
        }
    }});
    self = &observer;
    observer.notify(failed());
    CHECK(lines == 3);
}

TEST_CASE("options out of range are refused with their names", "[log_observer]") {
    const auto fault = [](LogOptions options) -> std::string {
        try {
            const LogObserver observer(std::move(options));
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return {};
    };
    CHECK(fault({.lines_per_second = -1}) ==
          "LogOptions.lines_per_second is -1, allowed is 0 (no limit) to 1e6");
    CHECK(fault({.max_origins = 0}) == "LogOptions.max_origins is 0, allowed is 1 or more");
}
