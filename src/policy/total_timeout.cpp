#include <backstay/policy/total_timeout.hpp>

#include "policy/check_option.hpp"

#include <string>

namespace backstay::inline BACKSTAY_ABI {

TotalTimeout::TotalTimeout(Duration limit) : limit_(limit) {
    check_option(limit > Duration::zero(), "TotalTimeoutOptions.limit", limit, "longer than 0 s");
}

StageDescription TotalTimeout::describe() const {
    return {.name = std::string(to_string(stage)), .settings = to_text(limit_), .total_limit = limit_};
}

void TotalTimeout::timed_out(const Call& mine, const CallContext& call) const noexcept {
    call.notify({.type = EventType::timed_out,
                 .kind = FailureKind::deadline_exceeded,
                 .duration = call.now - (mine.end_ - limit_)});
}

} // namespace backstay::inline BACKSTAY_ABI
