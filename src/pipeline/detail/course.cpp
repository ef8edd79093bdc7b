#include <backstay/pipeline/detail/course.hpp>

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
    call.notify({.type = EventType::attempt_ended,
                 .kind = ending.failure.kind,
                 .status = ending.failure.status,
                 .hint_flags = ending.failure.flags,
                 .delay = ending.failure.hint,
                 .duration = call.now - call.attempt_began});
}

void tell_call_ended(const CallContext& call, const Failure* failure) noexcept {
    const Failure seen = failure != nullptr ? *failure : Failure{};
    const bool bounded = call.deadline.at != end_of_time && call.deadline.at > call.now;
    call.notify({.type = EventType::call_ended,
                 .kind = seen.kind,
                 .stop_reason = seen.stop_reason,
                 .refused_by = seen.refused_by,
                 .status = seen.status,
                 .hint_flags = seen.flags,
                 .delay = bounded ? call.deadline.at - call.now : Duration::zero(),
                 .duration = call.now - call.began});
}

} // namespace backstay::inline BACKSTAY_ABI::detail
