#include <backstay/policy/attempt_timeout.hpp>

#include "policy/check_option.hpp"

#include <string>

namespace backstay::inline BACKSTAY_ABI {

AttemptTimeout::AttemptTimeout(Duration limit) : limit_(limit) {
    check_option(limit > Duration::zero(), "AttemptTimeoutOptions.limit", limit, "longer than 0 s");
}

StageDescription AttemptTimeout::describe() const {
    return {.name = std::string(to_string(stage)), .settings = to_text(limit_), .total_limit = limit_};
}

void AttemptTimeout::timed_out(const CallContext& call) noexcept {
    call.notify({.type = EventType::timed_out,
                 .kind = FailureKind::attempt_timeout,
                 .duration = call.now - call.attempt_began});
}

} // namespace backstay::inline BACKSTAY_ABI
