#include <backstay/telemetry/tracer.hpp>

#include "support/catch.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace backstay;

namespace {

/// Makes spans that journal; throws where it is told to.
class Journal final : public Tracer {
public:
    std::string throws_at;
    std::vector<std::string> lines;

    void note(const std::string& what) {
        lines.push_back(what);
        if (what == throws_at) {
            throw std::runtime_error(what);
        }
    }

private:
    class Noted final : public Span {
    public:
        Noted(Journal& journal, std::string name) : journal_(journal), name_(std::move(name)) {}
        [[nodiscard]] TraceContext context() const override {
            journal_.note("context");
            TraceContext made;
            made.span_id[0] = 1;
            return made;
        }
        void end(const SpanEnd&) override { journal_.note("end " + name_); }

    private:
        Journal& journal_;
        std::string name_;
    };

    std::unique_ptr<Span> on_call(const SpanBegin& about) override {
        note("call");
        return std::make_unique<Noted>(*this, std::string(about.name));
    }
    std::unique_ptr<Span> on_attempt(Span* call, const SpanBegin&) override {
        note(call != nullptr ? "attempt" : "attempt alone");
        return std::make_unique<Noted>(*this, "attempt");
    }
};

} // namespace

TEST_CASE("spans begin, tell their context and end", "[tracer]") {
    Journal tracer;
    auto call = tracer.begin_call({.name = "get order"});
    auto attempt = tracer.begin_attempt(call.get(), {.attempt = 1});
    CHECK(tracer.context_of(attempt.get(), {}).span_id[0] == 1);
    tracer.end(std::move(attempt), {});
    tracer.end(std::move(call), {});
    CHECK(tracer.lines ==
          std::vector<std::string>{"call", "attempt", "context", "end attempt", "end get order"});
    CHECK(tracer.dropped() == 0);
}

TEST_CASE("a tracer that throws is ignored and counted", "[tracer]") {
    Journal tracer;
    tracer.throws_at = "call";
    CHECK(tracer.begin_call({}) == nullptr);
    tracer.throws_at = "attempt alone";
    CHECK(tracer.begin_attempt(nullptr, {}) == nullptr);
    tracer.throws_at = "context";
    auto call = tracer.begin_call({.name = "c"});
    TraceContext otherwise;
    otherwise.span_id[0] = 9;
    CHECK(tracer.context_of(call.get(), otherwise) == otherwise);
    tracer.throws_at = "end c";
    tracer.end(std::move(call), {});
    CHECK(tracer.dropped() == 4);
}

TEST_CASE("where there is no span nothing ends, and the proposed context stands", "[tracer]") {
    Journal tracer;
    tracer.end(nullptr, {});
    TraceContext otherwise;
    otherwise.span_id[0] = 9;
    CHECK(tracer.context_of(nullptr, otherwise) == otherwise);
    CHECK(tracer.lines.empty());
}
