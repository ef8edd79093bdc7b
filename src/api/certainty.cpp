#include <backstay/api/certainty.hpp>

namespace backstay::inline BACKSTAY_ABI {
namespace {

Certainty of_one(const Failure& outcome, bool read_only) noexcept {
    using enum FailureKind;
    switch (outcome.reach) {
    case Reach::refused_here:
        return Certainty::refused;
    case Reach::never_sent:
        return Certainty::not_sent;
    case Reach::maybe_processed:
        return Certainty::unknown;
    case Reach::answered:
        break;
    }
    switch (outcome.kind) {
    case rate_limited:
        return Certainty::refused;
    case service_unavailable:
        return outcome.is(Failure::has_hint) ? Certainty::refused : Certainty::answered;
    case bad_gateway:
    case gateway_timeout:
        return read_only ? Certainty::answered : Certainty::unknown;
    default:
        return Certainty::answered;
    }
}

/// Does this answer tell what became of the attempts before it?
bool speaks_for_all(const Failure& outcome) noexcept {
    using enum FailureKind;
    switch (outcome.kind) {
    case unauthorized:
    case request_timeout:
    case too_early:
        return false;
    default:
        return outcome.status < 500;
    }
}

} // namespace

void CertaintyFold::add(const Failure& outcome) noexcept {
    const auto latest = of_one(outcome, read_only_);
    const bool settled = latest == Certainty::answered && speaks_for_all(outcome);
    if (settled) {
        value_ = latest;
    } else if (value_ != Certainty::unknown && (latest == Certainty::unknown || latest > value_)) {
        value_ = latest; // a later attempt that was turned away takes nothing back
    }
}

} // namespace backstay::inline BACKSTAY_ABI
