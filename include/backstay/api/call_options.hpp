#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/fields.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

class BodySink;

/// What one call changes: `CallOptions{}.timeout(2s).idempotency_key("auto")`. Setters chain.
/// Not an aggregate on purpose: a braced temporary of one inside a `co_await` expression is destroyed twice
/// by GCC 12.
class BACKSTAY_EXPORT CallOptions {
public:
    CallOptions();
    CallOptions(const CallOptions&);
    CallOptions(CallOptions&&) noexcept;
    CallOptions& operator=(const CallOptions&);
    CallOptions& operator=(CallOptions&&) noexcept;
    ~CallOptions();

    /// Ends the call at that time with `deadline_exceeded`; the pipeline's own limits still hold.
    CallOptions& deadline(TimePoint at);
    CallOptions& deadline(const Deadline& incoming) { return deadline(incoming.at); }
    /// The same, counted from the moment when the call starts. With both, the earlier one holds.
    CallOptions& timeout(Duration limit);
    /// Sends `Idempotency-Key: "..."`, the same on every attempt, which makes a POST or PATCH safe to repeat.
    /// `auto` makes a fresh UUID for each call whose method is not idempotent by itself.
    CallOptions& idempotency_key(std::string key);
    /// Sets a field of the request, in place of the client's own of that name. Errors: the call is
    /// `invalid_request` with an `Idempotency-Key`, which `idempotency_key` alone sets.
    CallOptions& header(std::string_view name, std::string value);
    /// Adds `name=value` to the query, percent-encoded.
    CallOptions& query(std::string name, std::string value);
    /// Passes a stage of the pipeline by; may be given several times.
    CallOptions& without(Stage stage);
    /// Tells limits which calls to refuse last.
    CallOptions& priority(Priority priority);
    /// Keeps the state of policies apart, by shard or tenant; see `CallKey`.
    CallOptions& partition(std::string partition);
    /// Names the call in events and metrics: a bounded label such as `get order`, never a raw path. By
    /// default, the method.
    CallOptions& operation(std::string label);
    /// Repeats the call even when an attempt may have been processed: it can then happen twice.
    CallOptions& allow_unsafe_retry(bool allow = true);
    /// Heeds a server's wait no longer than this one; 0 or less: none but 0.
    CallOptions& max_server_wait(Duration limit);
    /// Refuses a longer reply (`body_too_large`).
    CallOptions& max_body(std::size_t bytes);
    /// Gives a successful reply's body to this sink as it comes: see `BodySink`. Ask for a `Response` or
    /// `void` then, for there is nothing left to decode. The call is not hedged. An attempt that fails once a
    /// body has begun is repeated only if the sink can start over, whatever `allow_unsafe_retry` says.
    CallOptions& sink(std::shared_ptr<BodySink> sink);
    /// Sees this call's events, in place of the client's observer. Lifetime: outlives the call.
    CallOptions& observer(Observer& observer);
    /// Makes the call a part of the trace that this `traceparent` (and `tracestate`, handed on as it is)
    /// names: those of the request that the caller serves, as a rule. One that is none begins a new trace.
    /// Nothing is sent unless the client has a tracer, or `propagate`: see `ApiClientOptions::trace`.
    CallOptions& trace_parent(std::string traceparent, std::string tracestate = std::string());

    /// Fills in what these options leave open; a field set in both keeps its value here.
    CallOptions& fill_from(const CallOptions& defaults);

    struct Values {
        std::optional<TimePoint> deadline{};
        std::optional<Duration> timeout{};
        std::string idempotency_key{};
        Fields headers{};
        std::vector<std::pair<std::string, std::string>> query{};
        StageSet without{};
        std::optional<Priority> priority{};
        std::string partition{};
        std::string operation{};
        std::optional<bool> allow_unsafe_retry{};
        std::optional<Duration> max_server_wait{};
        std::optional<std::size_t> max_body{};
        std::shared_ptr<BodySink> sink{}; ///< of this call alone, never from defaults
        Observer* observer = nullptr;
        std::string trace_parent{}; ///< of this call alone, never from defaults
        std::string trace_state{};
    };
    [[nodiscard]] const Values& values() const noexcept { return values_; }

private:
    Values values_;
};

} // namespace backstay::inline BACKSTAY_ABI
