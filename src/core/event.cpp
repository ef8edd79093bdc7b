#include <backstay/core/event.hpp>

#include <backstay/core/call_context.hpp>

#include <array>
#include <type_traits>

namespace backstay::inline BACKSTAY_ABI {

static_assert(std::is_trivially_copyable_v<Event>);

std::string_view to_string(EventType type) noexcept {
    static constexpr std::array<std::string_view, 20> names{"attempt_started",
                                                            "attempt_ended",
                                                            "retry_scheduled",
                                                            "gave_up",
                                                            "timed_out",
                                                            "circuit_opened",
                                                            "circuit_half_open",
                                                            "circuit_closed",
                                                            "cooled_down",
                                                            "refused",
                                                            "hedge_sent",
                                                            "hedge_won",
                                                            "credential_refreshed",
                                                            "connection_opened",
                                                            "connection_reused",
                                                            "connection_stale",
                                                            "connection_closed",
                                                            "fell_back",
                                                            "chaos_injected",
                                                            "call_ended"};
    return names.at(static_cast<std::size_t>(type));
}

void Observer::notify(const Event& event) noexcept {
    try {
        on_event(event);
    } catch (...) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
    }
}

void CallContext::tell(Event& event) const noexcept {
    event.at = now;
    event.attempt = event.attempt == 0 ? attempt : event.attempt;
    event.origin = key.origin;
    event.operation = key.operation;
    if (notes != nullptr) {
        event.trace_id = notes->trace_id;
    }
    observer->notify(event);
}

} // namespace backstay::inline BACKSTAY_ABI
