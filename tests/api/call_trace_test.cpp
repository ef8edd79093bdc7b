#include "api/call_trace.hpp"

#include "support/catch.hpp"

#include "support/api_world.hpp"
#include "support/event_recorder.hpp"

#include <set>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Writes spans into lines as they end.
class Lines final : public Tracer {
public:
    std::vector<std::string> lines;
    std::vector<TraceContext> proposed;
    std::optional<TraceContext> given_parent;
    std::string trace_state;
    bool records = true;
    bool throws = false;
    bool own_ids = false;
    int abandoned = 0;

private:
    static std::string words(std::span<const SpanAttribute> attributes) {
        std::string text;
        for (const SpanAttribute& attribute : attributes) {
            text.append(" ").append(attribute.name).append("=");
            if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
                text += std::to_string(*number);
            } else {
                text += std::get<std::string_view>(attribute.value);
            }
        }
        return text;
    }

    class Line final : public Span {
    public:
        Line(Lines& lines, const SpanBegin& about)
            : lines_(lines),
              context_(about.context),
              text_(std::string(about.name) + " " + std::to_string(about.attempt) + words(about.attributes)) {
            if (lines.own_ids) {
                context_.span_id = {7, 7, 7, 7, 7, 7, 7, static_cast<std::uint8_t>(about.attempt)};
            }
        }
        ~Line() override { lines_.abandoned += ended_ ? 0 : 1; }
        [[nodiscard]] TraceContext context() const override { return context_; }
        void end(const SpanEnd& how) override {
            ended_ = true;
            lines_.lines.push_back(text_ + " ->" + words(how.attributes));
            lines_.maybe_throw();
        }

    private:
        Lines& lines_;
        TraceContext context_;
        std::string text_;
        bool ended_ = false;
    };

    void maybe_throw() const {
        if (throws) {
            throw std::runtime_error("no");
        }
    }

    std::unique_ptr<Span> on_call(const SpanBegin& about) override {
        maybe_throw();
        proposed.push_back(about.context);
        given_parent = about.parent;
        trace_state = about.trace_state;
        return records ? std::make_unique<Line>(*this, about) : nullptr;
    }
    std::unique_ptr<Span> on_attempt(Span* call, const SpanBegin& about) override {
        maybe_throw();
        proposed.push_back(about.context);
        return call != nullptr ? std::make_unique<Line>(*this, about) : nullptr;
    }
};

struct TraceWorld : ApiWorld {
    Lines tracer;

    [[nodiscard]] std::string sent_field(std::size_t index, std::string_view name) const {
        const auto* value = sent(index).fields.find(name);
        return value != nullptr ? *value : "";
    }
};

} // namespace

TEST_CASE("Nothing of a trace is sent unless there is a tracer, or propagate is set") {
    TraceWorld world;
    EventRecorder recorder{EventSet().add(EventType::call_ended)};
    auto api = world.client({.pipeline = single(), .observer = &recorder});
    world.transport->reply(204).reply(204);
    CHECK(world.get<void>(api, "/r", CallOptions{}.trace_parent(parent, "a=1")));
    CHECK(world.sent_field(0, "traceparent").empty());
    CHECK(world.sent_field(0, "tracestate").empty());
    CHECK(recorder.events.at(0).trace_id == "0af7651916cd43dd8448eb211c80319c"); // but it is known to events
    CHECK(world.get<void>(api, "/r", CallOptions{}.trace_parent("nonsense")));
    CHECK(recorder.events.at(1).trace_id.empty());
}

TEST_CASE("Every attempt sends a span id of its own in the caller's trace, and the trace state as it came") {
    TraceWorld world;
    EventRecorder recorder;
    auto api = world.client({.pipeline = standard(), .observer = &recorder, .trace = {.propagate = true}});
    world.transport->reply(500).reply(500).reply(204);
    CHECK(world.get<void>(api, "/r", CallOptions{}.trace_parent(parent, "vendor=a b,c=1")));
    std::set<std::string> spans{to_hex(parse_traceparent(parent)->span_id)};
    for (std::size_t attempt = 0; attempt < 3; ++attempt) {
        const auto sent = parse_traceparent(world.sent_field(attempt, "traceparent"));
        REQUIRE(sent);
        CHECK(to_hex(sent->trace_id) == "0af7651916cd43dd8448eb211c80319c");
        CHECK(sent->sampled);
        spans.insert(to_hex(sent->span_id));
        CHECK(world.sent_field(attempt, "tracestate") == "vendor=a b,c=1");
    }
    CHECK(spans.size() == 4);
    for (const Event& event : recorder.events) {
        CHECK(event.trace_id == "0af7651916cd43dd8448eb211c80319c");
    }
}

TEST_CASE(
    "Without a caller's trace, or with one that is none, a new one is begun and its state left behind") {
    TraceWorld world;
    auto api = world.client({.pipeline = single(), .trace = {.propagate = true}});
    world.transport->reply(204).reply(204).reply(204);
    CHECK(world.get<void>(api));
    CHECK(
        world.get<void>(api, "/r", CallOptions{}.trace_parent("00-zz", "a=1").header("tracestate", "old=1")));
    const auto first = parse_traceparent(world.sent_field(0, "traceparent"));
    const auto second = parse_traceparent(world.sent_field(1, "traceparent"));
    REQUIRE(first);
    REQUIRE(second);
    CHECK_FALSE(first->sampled); // nobody here records it
    CHECK(first->trace_id != second->trace_id);
    CHECK(world.sent_field(1, "tracestate").empty());
    // a state that no field can hold must not fail the call
    CHECK(world.get<void>(api, "/r", CallOptions{}.trace_parent(parent, "a=1\r\nX: y")));
    CHECK(world.sent_field(2, "tracestate").empty());
}

TEST_CASE("A call has a span, and each attempt one below it, with what they came to") {
    TraceWorld world;
    auto api = world.client({.pipeline = standard(), .trace = {.tracer = &world.tracer}});
    world.transport
        ->reply({.status = 503, .body = R"({"request_id":"r1"})", .exchange = {.remote = "192.0.2.1:443"}})
        .fail(TransportError{Failure{.kind = FailureKind::connect_failed, .reach = Reach::never_sent}})
        .reply({.status = 404,
                .fields = fields({{"X-Request-Id", "r3"}}),
                .exchange = {.remote = "[2001:db8::1]:8443"}});
    CHECK_FALSE(world.get<void>(api, "/r", CallOptions{}.operation("get r").trace_parent(parent, "a=1")));
    const std::string request =
        " http.request.method=GET server.address=api.test server.port=443 url.scheme=https";
    CHECK(world.tracer.lines ==
          std::vector<std::string>{
              "get r 1" + request +
                  " -> http.response.status_code=503 error.type=service_unavailable backstay.request_id=r1 "
                  "network.peer.address=192.0.2.1 network.peer.port=443",
              "get r 2" + request + " http.request.resend_count=1 -> error.type=connect_failed",
              "get r 3" + request +
                  " http.request.resend_count=2 -> http.response.status_code=404 error.type=not_found "
                  "backstay.request_id=r3 network.peer.address=2001:db8::1 network.peer.port=8443",
              "get r 0" + request +
                  " -> http.response.status_code=404 error.type=not_found backstay.attempts=3 "
                  "backstay.certainty=answered backstay.stop_reason=not_retryable backstay.request_id=r3"});
    CHECK(world.tracer.given_parent == parse_traceparent(parent));
    CHECK(world.tracer.trace_state == "a=1");
    CHECK(world.tracer.abandoned == 0);
    for (std::size_t attempt = 0; attempt < 3; ++attempt) { // what was proposed was taken, and sent
        CHECK(world.sent_field(attempt, "traceparent") ==
              to_traceparent(world.tracer.proposed.at(attempt + 1)));
    }
}

TEST_CASE("A span ends with success, and with a decode error once that is known") {
    TraceWorld world;
    auto api = world.client({.pipeline = single(), .trace = {.tracer = &world.tracer}});
    world.transport->reply(204).reply(200, "no json");
    CHECK(world.get<void>(api));
    CHECK_FALSE(world.get<Resource>(api));
    REQUIRE(world.tracer.lines.size() == 4);
    CHECK(world.tracer.lines[1].ends_with(
        "http.response.status_code=204 backstay.attempts=1 backstay.certainty=answered"));
    CHECK_THAT(world.tracer.lines[3], ContainsSubstring("error.type=decode_error backstay.attempts=1"));
}

TEST_CASE("A tracer may have ids of its own: they are what is sent") {
    TraceWorld world;
    world.tracer.own_ids = true;
    auto api = world.client({.pipeline = single(), .trace = {.tracer = &world.tracer}});
    world.transport->reply(204);
    CHECK(world.get<void>(api, "/r", CallOptions{}.trace_parent(parent)));
    CHECK(world.sent_field(0, "traceparent") == "00-0af7651916cd43dd8448eb211c80319c-0707070707070701-01");
}

TEST_CASE("A call that the tracer does not record is sent as not sampled, unless its caller's trace is") {
    TraceWorld world;
    world.tracer.records = false;
    auto api = world.client({.pipeline = single(), .trace = {.tracer = &world.tracer}});
    world.transport->reply(204).reply(204);
    CHECK(world.get<void>(api));
    CHECK(world.sent_field(0, "traceparent").ends_with("-00"));
    CHECK(world.get<void>(api, "/r", CallOptions{}.trace_parent(parent)));
    CHECK(world.sent_field(1, "traceparent").ends_with("-01"));
    CHECK(world.tracer.lines.empty());
}

TEST_CASE("A tracer that throws is ignored and counted, and the trace goes on") {
    TraceWorld world;
    world.tracer.throws = true;
    auto api = world.client({.pipeline = single(), .trace = {.tracer = &world.tracer}});
    world.transport->reply(204);
    CHECK(world.get<void>(api, "/r", CallOptions{}.trace_parent(parent)));
    CHECK(world.tracer.dropped() == 2);
    CHECK(parse_traceparent(world.sent_field(0, "traceparent")));
}

TEST_CASE("A trace goes with a fresh token on the same request") {
    TraceWorld world;
    int tokens = 0;
    auto api = world.client({.pipeline = standard(),
                             .bearer = [&tokens] { return "t" + std::to_string(++tokens); },
                             .trace = {.propagate = true}});
    world.transport->reply(500).reply(204);
    CHECK(world.get<void>(api));
    CHECK(world.sent_field(1, "Authorization") == "Bearer t2");
    CHECK(parse_traceparent(world.sent_field(1, "traceparent")));
}

TEST_CASE("A call that is abandoned leaves its spans without an end") {
    Lines tracer;
    {
        ApiWorld world;
        auto api = world.client({.pipeline = single(), .trace = {.tracer = &tracer}});
        world.transport->hang();
        Started<ApiResult<void>> started;
        start(world, started, api.get<void>("/r"));
        world.context.poll();
    }
    CHECK(tracer.lines.empty());
    CHECK(tracer.abandoned == 2);
}

TEST_CASE("The same seed gives the same ids") {
    const auto ids = [] {
        TraceWorld world;
        auto api = world.client({.pipeline = single(), .trace = {.propagate = true}});
        world.transport->reply(204);
        CHECK(world.get<void>(api));
        return world.sent_field(0, "traceparent");
    };
    CHECK(ids() == ids());
}
