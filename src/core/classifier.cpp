#include <backstay/core/classifier.hpp>

namespace backstay::inline BACKSTAY_ABI {

Classifier::Classifier() noexcept {
    using enum FailureKind;
    const auto rows = [this](Rule rule, auto... kinds) { (set(kinds, rule), ...); };

    rows({Repeat::if_safe, Vote::failure, false}, request_timeout, too_early, server_error, bad_gateway,
         connection_lost, protocol_error, truncated);
    rows({Repeat::if_safe, Vote::failure, false, true}, gateway_timeout, attempt_timeout);
    rows({Repeat::if_safe, Vote::failure, true, true}, service_unavailable);
    rows({Repeat::always, Vote::neutral, true, true}, rate_limited);
    // as a rule never sent, and therefore safe; what a broken handshake did carry must not be repeated
    // blindly
    rows({Repeat::if_safe, Vote::failure, false}, resolve_failed, connect_failed, tls_failed);
    rows({Repeat::never, Vote::failure, false}, certificate_rejected);
    rows({Repeat::never, Vote::failure, false, true}, deadline_exceeded);
    rows({Repeat::never, Vote::success, false}, not_modified, decode_error);
    // everything else, users' own kinds included: not repeated, neutral
}

bool Classifier::may_repeat(const Failure& failure, bool safe) const noexcept {
    if (failure.reach == Reach::refused_here) {
        return false;
    }
    // a redirected request's last reply may be to another one than was sent first: that refused nothing
    const bool answered = failure.reach == Reach::answered;
    switch ((*this)[failure.kind].repeat) {
    case Repeat::always:
        return safe || failure.kind != FailureKind::rate_limited ||
               (repeat_unsafe_when_rate_limited && answered);
    case Repeat::if_safe:
        return safe || failure.reach == Reach::never_sent ||
               (failure.kind == FailureKind::service_unavailable && failure.is(Failure::has_hint) &&
                repeat_unsafe_when_invited && answered);
    case Repeat::never:
        break;
    }
    return failure.kind == FailureKind::conflict && failure.is(Failure::in_progress) && repeat_in_progress;
}

bool Classifier::unsafe_to_repeat(const Failure& failure, bool safe) const noexcept {
    return !safe && !may_repeat(failure, false) && may_repeat(failure, true);
}

} // namespace backstay::inline BACKSTAY_ABI
