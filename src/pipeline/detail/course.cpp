#include <backstay/pipeline/detail/course.hpp>

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

void tell_attempt_started(const CallContext& call) noexcept {
    call.notify({.type = EventType::attempt_started});
}

void tell_refused(const CallContext& call, const Settlement& ending) noexcept {
    call.notify({.type = EventType::refused,
                 .kind = ending.failure.kind,
                 .refused_by = ending.failure.refused_by,
                 .hint_flags = ending.failure.flags,
                 .delay = ending.failure.hint});
}

void tell_attempt_ended(const CallContext& call, const Settlement& ending) noexcept {
    Event event{.type = EventType::attempt_ended,
                .kind = ending.failure.kind,
                .status = ending.failure.status,
                .hint_flags = ending.failure.flags,
                .delay = ending.failure.hint,
                .duration = call.now - call.attempt_began};
    if (call.notes != nullptr) {
        const auto noted = std::exchange(call.notes->attempt, {});
        event.status = std::max(event.status, noted.status); // a success has no failure that says its status
        event.first_byte_time = noted.first_byte_time;
        event.remote = noted.remote;
        event.request_id = noted.request_id;
    }
    call.notify(event);
}

void tell_call_ended(const CallContext& call, const Failure* failure, bool by_caller) noexcept {
    if (by_caller && call.notes == nullptr) {
        return;
    }
    const Failure seen = failure != nullptr ? *failure : Failure{};
    const bool bounded = call.deadline.at != end_of_time && call.deadline.at > call.now;
    Event event{.type = EventType::call_ended,
                .kind = seen.kind,
                .stop_reason = seen.stop_reason,
                .refused_by = seen.refused_by,
                .status = seen.status,
                .hint_flags = seen.flags,
                .resends = call.resends,
                .delay = bounded ? call.deadline.at - call.now : Duration::zero(),
                .duration = call.now - call.began,
                .queued = call.queued};
    if (by_caller) {
        event.at = call.now;
        event.attempt = call.attempt;
        call.notes->end = event;
    } else {
        call.notify(event);
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail
