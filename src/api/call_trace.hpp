#pragma once

#include "api/client_core.hpp"

#include <backstay/api/history.hpp>
#include <backstay/core/certainty.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/random.hpp>
#include <backstay/http/fields.hpp>
#include <backstay/telemetry/tracer.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

/// One call in its trace: what its attempts send, and its spans.
/// It continues the trace that the caller gave if that is one, else it begins a new one. Ids are drawn from a
/// source of its own, seeded by the runtime: 64 bits of the process's entropy.
class CallTrace {
public:
    /// One attempt: its span, if it is recorded, and what it sends.
    struct Attempt {
        std::unique_ptr<Span> span{};
        TraceContext context{};
    };

    /// Lifetime: core, operation and method outlive it. Errors: throws `std::bad_alloc`.
    CallTrace(const ClientCore& core, const CallOptions::Values& options, std::string_view operation,
              std::string method);

    /// 32 hexadecimal digits; empty for a trace that nobody else knows of.
    [[nodiscard]] std::string_view trace_id() const noexcept { return trace_id_; }
    /// False when the trace is only known here.
    [[nodiscard]] bool sends() const noexcept { return tracer_ != nullptr || core_.options.trace.propagate; }

    [[nodiscard]] Attempt begin_attempt(int number, TimePoint at) noexcept;
    /// Writes what the attempt sends in the place of fields of these names. Errors: throws `std::bad_alloc`.
    void add_to(Fields& fields, const Attempt& attempt) const;
    void end_attempt(Attempt attempt, const History::Outcome& outcome, TimePoint at) noexcept;

    struct Ending {
        FailureKind kind = FailureKind::none;
        int status = 0;
        int attempts = 0;
        StopReason stop_reason = StopReason::none;
        RefusedBy refused_by = RefusedBy::none;
        Certainty certainty = Certainty::answered;
        std::string_view request_id{};
    };
    void end(const Ending& ending, TimePoint at) noexcept;

private:
    const ClientCore& core_;
    Tracer* tracer_;
    std::string_view operation_;
    std::string method_;
    std::string trace_state_; ///< empty unless it came with a parent that is one
    Random random_;
    TraceContext context_; ///< of the call
    std::unique_ptr<Span> span_;
    std::string trace_id_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
