#include <backstay/api/api_client.hpp>
#include <backstay/core/description.hpp>
#include <backstay/telemetry/tracer.hpp>
#include <backstay/testing/sandbox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <iostream>
#include <memory>
#include <string>

// One span for a call, one below it for each attempt, and `traceparent` on every request. This tracer prints
// its spans; an adapter to OpenTelemetry has the same shape, see the comments.

/// Holds what a span is to the tracing library: there, a nostd::shared_ptr<opentelemetry::trace::Span>.
class PrintedSpan final : public backstay::Span {
public:
    explicit PrintedSpan(const backstay::SpanBegin& about)
        : name_(about.attempt == 0 ? std::string(about.name) : "  attempt " + std::to_string(about.attempt)),
          context_(about.context),
          began_(about.at) {} // there: tracer->StartSpan(name, attributes, {.parent = ..., .kind = kClient})

    backstay::TraceContext context() const override { return context_; } // there: of span->GetContext()

    void end(const backstay::SpanEnd& how) override {
        std::cout << name_ << " " << backstay::to_hex(context_.span_id) << " took "
                  << backstay::to_text(how.at - began_);
        for (const backstay::SpanAttribute& attribute : how.attributes) { // there: span->SetAttribute
            std::cout << " " << attribute.name << "=";
            std::visit([](const auto& value) { std::cout << value; }, attribute.value);
        }
        std::cout << (how.kind == backstay::FailureKind::none ? "" : " FAILED") << '\n'; // SetStatus, End
    }

private:
    std::string name_;
    backstay::TraceContext context_;
    backstay::TimePoint began_;
};

class PrintingTracer final : public backstay::Tracer {
    std::unique_ptr<backstay::Span> on_call(const backstay::SpanBegin& about) override {
        std::cout << "trace " << backstay::to_hex(about.context.trace_id) << '\n';
        return std::make_unique<PrintedSpan>(about);
    }
    std::unique_ptr<backstay::Span> on_attempt(backstay::Span*, const backstay::SpanBegin& about) override {
        return std::make_unique<PrintedSpan>(about);
    }
};

/// The first request finds the server unavailable.
backstay::SandboxOptions failing_once() {
    backstay::FaultStep unavailable;
    unavailable.reply.emplace();
    unavailable.reply->status = 503;
    unavailable.reply->without_wait = true;
    backstay::FaultRoute route;
    route.steps = {unavailable};
    backstay::SandboxOptions options;
    options.script.routes.push_back(route);
    return options;
}

asio::awaitable<void> serve(backstay::ApiClient api, std::string incoming) {
    auto options = backstay::CallOptions{}.operation("get status").trace_parent(std::move(incoming));
    auto found = co_await api.get<void>("/status/200", std::move(options));
    std::cout << (found ? "done" : to_string(found.error())) << '\n';
}

int main() {
    PrintingTracer tracer;
    const backstay::Sandbox server{failing_once()};
    backstay::ApiClientOptions options{.base_url = server.url() + "/v1", .trace = {.tracer = &tracer}};
    options.https.tls.ca_pem = server.ca_pem();
    asio::io_context context;
    const backstay::ApiClient api{context.get_executor(), options};
    // the traceparent of the request that is being served
    asio::co_spawn(context, serve(api, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                   asio::detached);
    context.run();
}
