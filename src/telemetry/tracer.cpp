#include <backstay/telemetry/tracer.hpp>

namespace backstay::inline BACKSTAY_ABI {

std::unique_ptr<Span> Tracer::begin_call(const SpanBegin& about) noexcept {
    try {
        return on_call(about);
    } catch (...) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return nullptr;
    }
}

std::unique_ptr<Span> Tracer::begin_attempt(Span* call, const SpanBegin& about) noexcept {
    try {
        return on_attempt(call, about);
    } catch (...) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return nullptr;
    }
}

void Tracer::end(std::unique_ptr<Span> span, const SpanEnd& how) noexcept {
    if (!span) {
        return;
    }
    try {
        span->end(how);
    } catch (...) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
    }
}

TraceContext Tracer::context_of(const Span* span, const TraceContext& otherwise) noexcept {
    try {
        return span != nullptr ? span->context() : otherwise;
    } catch (...) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return otherwise;
    }
}

} // namespace backstay::inline BACKSTAY_ABI
