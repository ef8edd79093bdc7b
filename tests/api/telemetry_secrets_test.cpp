#include <backstay/telemetry/log_observer.hpp>

#include "support/catch.hpp"

#include "support/api_world.hpp"
#include "support/event_recorder.hpp"

#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/telemetry/metrics_observer.hpp>
#include <backstay/telemetry/observers.hpp>
#include <backstay/telemetry/tracer.hpp>
#include <backstay/testing/sandbox.hpp>

#include <stdexcept>
#include <string>
#include <variant>

using namespace backstay;
using namespace backstay::test;

// A canary in each secret of a call must show in nothing that is told of it.

namespace {

/// Keeps all texts that it is given.
class TextTracer final : public Tracer {
public:
    std::string text;

private:
    void keep(std::string_view what, std::span<const SpanAttribute> attributes) {
        text.append(what).append("\n");
        for (const SpanAttribute& attribute : attributes) {
            if (const auto* value = std::get_if<std::string_view>(&attribute.value)) {
                text.append(attribute.name).append("=").append(*value).append("\n");
            }
        }
    }
    class Kept final : public Span {
    public:
        Kept(TextTracer& tracer, const SpanBegin& about) : tracer_(tracer), context_(about.context) {
            tracer_.keep(about.name, about.attributes);
        }
        [[nodiscard]] TraceContext context() const override { return context_; }
        void end(const SpanEnd& how) override { tracer_.keep("end", how.attributes); }

    private:
        TextTracer& tracer_;
        TraceContext context_;
    };
    std::unique_ptr<Span> on_call(const SpanBegin& about) override {
        return std::make_unique<Kept>(*this, about);
    }
    std::unique_ptr<Span> on_attempt(Span*, const SpanBegin& about) override {
        return std::make_unique<Kept>(*this, about);
    }
};

/// All observers there are, and all texts that they came to.
struct Everything {
    std::string lines;
    LogObserver log{LogOptions{.sink = [this](std::string_view line) { lines.append(line).append("\n"); },
                               .lines_per_second = 0}};
    MetricsObserver metrics;
    EventRecorder recorder;
    Observers observer{&log, &metrics, &recorder};
    TextTracer tracer;

    void watch(ApiClientOptions& options) {
        options.observer = &observer;
        options.trace.tracer = &tracer;
        options.bearer = "canary-token";
        options.credential = "account 7";
        options.headers.add("X-Api-Key", "canary-header");
    }

    [[nodiscard]] std::string text() const {
        std::string all = lines + tracer.text;
        for (const std::string& part : recorder.texts()) {
            all.append(part).append("\n");
        }
        for (const MetricFamily& family : metrics.snapshot().families) {
            for (const Metric& metric : family.metrics) {
                for (const MetricLabel& label : metric.labels) {
                    all.append(label.name).append("=").append(label.value).append("\n");
                }
            }
        }
        return all;
    }
};

CallOptions secret_options() {
    return CallOptions{}
        .query("api_key", "canary-query")
        .header("Cookie", "session=canary-cookie")
        .idempotency_key("canary-key");
}

const std::string secret_path = "/r?token=canary-path";

} // namespace

TEST_CASE("No secret is in any line, event, metric or span: scripted failures") {
    ApiWorld world;
    Everything everything;
    ApiClientOptions options{.pipeline = standard()};
    everything.watch(options);
    auto api = world.client(options);
    for (const int status : {400, 401, 403, 404, 409, 422, 429, 500, 503}) {
        for (int attempt = 0; attempt < 3; ++attempt) {
            world.transport->reply(status, read_data("guide/" + std::to_string(status) + ".json"));
        }
        (void)world.await(api.post<Resource>(secret_path, secret_options()));
        world.runtime.advance(10min); // the breaker lets the next ones through
    }
    while (world.transport->left() > 0) { // what came after a final answer
        (void)world.await(api.post<void>(secret_path, secret_options()));
        world.runtime.advance(10min);
    }
    world.transport->fail(TransportError{Failure{.kind = FailureKind::connection_lost}})
        .reply(200, "no json")
        .reply(200, R"({"data":{"id":[]}})");
    (void)world.await(api.post<Resource>(secret_path, secret_options()));
    (void)world.await(api.post<Resource>(secret_path, secret_options()));

    // what cannot be sent is not shown either
    (void)world.await(api.post<void>(secret_path, secret_options().header("X", "canary\r\nY: z")));
    (void)world.await(api.post<void>(secret_path + "\r\n", secret_options()));
    (void)world.await(api.follow<void>("https://elsewhere.test/?token=canary-link", secret_options()));
    ApiClientOptions broken{.pipeline = standard()};
    everything.watch(broken);
    broken.bearer = []() -> std::string { throw std::runtime_error("canary-thrown"); };
    (void)world.await(world.client(broken).post<void>(secret_path, secret_options()));

    const std::string text = everything.text();
    CHECK_THAT(text, !ContainsSubstring("canary"));
    CHECK_THAT(everything.lines, ContainsSubstring("event=call_failed"));
    CHECK_THAT(everything.tracer.text, ContainsSubstring("error.type="));
    CHECK(everything.recorder.events.size() > 50);
    CHECK(everything.recorder.dropped() + everything.log.dropped() + everything.metrics.dropped() == 0);
}

TEST_CASE("No secret is in any line, event, metric or span: a real server that fails") {
    SandboxOptions server;
    server.api.token = "another";
    FaultRoute route;
    route.path = "/v1/r";
    route.steps.resize(7);
    route.steps[0].reply.emplace().status = 503;
    route.steps[1].cut = {.kind = Cut::Kind::reset, .at_byte = 20};
    route.steps[2].cut = {.kind = Cut::Kind::close, .at_byte = 0};
    route.steps[3].reply.emplace().status = 500;
    route.steps[4].raw = "HTTP/1.1 canary\r\n\r\n";
    route.steps[5].raw = "SSH-2.0-canary\r\n";
    route.then = FaultRoute::Then::repeat;
    server.script.routes.push_back(route);
    server.script.connections.push_back({.fault = ConnectionFault::reset_in_handshake});
    const Sandbox sandbox{std::move(server)};

    Everything everything;
    ApiClientOptions options{.base_url = sandbox.url() + "/v1",
                             .pipeline = standard({.retry = {.backoff = {.base = 1ms, .cap = 1ms}}})};
    options.https.tls.ca_pem = sandbox.ca_pem();
    everything.watch(options);
    asio::io_context context{1};
    const ApiClient api{context.get_executor(), options};
    const auto calls = [](ApiClient client) -> asio::awaitable<void> {
        for (int i = 0; i < 12; ++i) {
            (void)co_await client.post<Resource>(secret_path,
                                                 secret_options().without(Stage::circuit_breaker));
        }
        (void)co_await client.get<Resource>("/resources/1?token=canary-path", secret_options());
    };
    asio::co_spawn(context, calls(api), [](std::exception_ptr error) { CHECK_FALSE(error); });
    context.run();

    const std::string text = everything.text();
    CHECK_THAT(text, !ContainsSubstring("canary"));
    CHECK_THAT(everything.lines, ContainsSubstring("event=call_failed"));
    CHECK_THAT(text, ContainsSubstring("connection_lost"));
    CHECK(everything.recorder.of(EventType::connection_opened).size() > 5);
    CHECK(everything.metrics.snapshot().total("backstay.connect.duration") > 5);
    CHECK(everything.recorder.dropped() + everything.log.dropped() + everything.metrics.dropped() == 0);
}
