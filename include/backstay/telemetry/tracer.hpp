#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>
#include <backstay/telemetry/trace_context.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace backstay::inline BACKSTAY_ABI {

/// A fact about a span, named after the OpenTelemetry conventions where these know it.
struct SpanAttribute {
    std::string_view name{};
    std::variant<std::string_view, std::int64_t> value{};
};

/// A span that begins. The views are valid during the callback only.
struct SpanBegin {
    std::string_view name{};              ///< the call's operation
    TraceContext context{};               ///< ids that are free for use; a tracer may have its own
    std::optional<TraceContext> parent{}; ///< of a call: the one that its caller gave, if any
    std::string_view trace_state{};       ///< that came with it, as it came
    int attempt = 0;                      ///< 0 for a call, 1 for its first attempt
    TimePoint at{};
    std::span<const SpanAttribute> attributes{};
};

/// How it ended. The views are valid during the callback only.
struct SpanEnd {
    FailureKind kind = FailureKind::none; ///< `none` for a success
    int status = 0;                       ///< of the reply; 0 when none came
    TimePoint at{};
    std::span<const SpanAttribute> attributes{};
};

/// A span under way. One that is destroyed without an `end` belongs to a call that was abandoned.
/// Thread safety: none; it is used where its call runs.
class BACKSTAY_EXPORT Span {
public:
    Span() = default;
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;
    virtual ~Span() = default;

    /// What is sent to the server, if this is an attempt's.
    [[nodiscard]] virtual TraceContext context() const = 0;
    /// Called once.
    virtual void end(const SpanEnd& how) = 0;
};

/// Makes one span for each call, and one below it for each attempt: fill it in for OpenTelemetry, or for
/// whatever records traces. Errors: an exception is swallowed and counted (`dropped`); the call goes on
/// without the span. Thread safety: one tracer serves many calls at once.
class BACKSTAY_EXPORT Tracer {
public:
    Tracer() = default;
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;
    virtual ~Tracer() = default;

    // What a client calls. Null when there is no span.
    [[nodiscard]] std::unique_ptr<Span> begin_call(const SpanBegin& about) noexcept;
    [[nodiscard]] std::unique_ptr<Span> begin_attempt(Span* call, const SpanBegin& about) noexcept;
    void end(std::unique_ptr<Span> span, const SpanEnd& how) noexcept;
    /// The span's own context, or `otherwise`.
    [[nodiscard]] TraceContext context_of(const Span* span, const TraceContext& otherwise) noexcept;

    /// Counts the callbacks that threw.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

protected:
    /// Null: this call is not recorded.
    virtual std::unique_ptr<Span> on_call(const SpanBegin& about) = 0;
    /// `call` is null when the call is not recorded.
    virtual std::unique_ptr<Span> on_attempt(Span* call, const SpanBegin& about) = 0;

private:
    std::atomic<std::uint64_t> dropped_{0};
};

/// Whether a client's requests carry a trace.
struct TraceOptions {
    Tracer* tracer = nullptr; ///< outlives the client's calls
    bool propagate = false;   ///< sends `traceparent` without a tracer too
};

} // namespace backstay::inline BACKSTAY_ABI
