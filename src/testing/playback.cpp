#include <backstay/testing/detail/playback.hpp>

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

Playback::Playback(FaultStep step, std::string bytes, bool last)
    : step_(std::move(step)), bytes_(std::move(bytes)), end_(bytes_.size()), last_(last) {
    if (step_.cut.kind != Cut::Kind::none) {
        end_ = std::min(end_, step_.cut.at_byte);
    }
}

std::optional<Playback::Action> Playback::next() {
    const Duration wait = wait_here();
    if (position_ == end_) {
        return wait > Duration::zero() ? std::optional(Action{.wait = wait, .bytes = {}}) : std::nullopt;
    }
    std::size_t until = end_;
    if (pauses_played_ < step_.pauses.size()) {
        until = std::min(until, step_.pauses[pauses_played_].at_byte);
    }
    if (step_.drip.bytes > 0) {
        until = std::min(until, position_ + step_.drip.bytes);
    }
    const Action action{.wait = wait, .bytes = std::string_view(bytes_).substr(position_, until - position_)};
    position_ = until;
    return action;
}

Duration Playback::wait_here() {
    Duration wait{0};
    if (!begun_) {
        wait = step_.delay;
        begun_ = true;
    } else if (position_ < end_ && step_.drip.bytes > 0) {
        wait = step_.drip.every;
    }
    while (pauses_played_ < step_.pauses.size() && step_.pauses[pauses_played_].at_byte <= position_) {
        wait += step_.pauses[pauses_played_].duration;
        ++pauses_played_;
    }
    return wait;
}

Ending Playback::ending() const noexcept {
    switch (step_.cut.kind) {
    case Cut::Kind::reset:
        return Ending::reset;
    case Cut::Kind::close:
        return step_.cut.close_notify ? Ending::close : Ending::close_without_notify;
    case Cut::Kind::stall:
        return Ending::stall;
    case Cut::Kind::none:
        break;
    }
    if (step_.after == AfterReply::close_on_next_request) {
        return Ending::close_on_next_request;
    }
    return last_ || step_.after != AfterReply::keep_alive ? Ending::close : Ending::keep_alive;
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
