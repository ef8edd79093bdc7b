#include "cli/attempt_lines.hpp"

#include "cli/words.hpp"

#include <fmt/format.h>

#include <utility>

namespace backstay::inline BACKSTAY_ABI::cli {

void AttemptLines::on_event(const Event& event) {
    switch (event.type) {
    case EventType::attempt_ended:
        attempted_ = true;
        untold_ = {
            .kind = event.kind, .status = event.status, .attempt = event.attempt, .duration = event.duration};
        break;
    case EventType::retry_scheduled:
        repeat_follows(event);
        break;
    case EventType::circuit_opened:
    case EventType::circuit_half_open:
    case EventType::circuit_closed:
        if (look_.verbose) {
            line(fmt::format("{} for {}", words(to_string(event.type)), event.origin));
        }
        break;
    default:
        break;
    }
}

void AttemptLines::repeat_follows(const Event& event) {
    const bool asked = (event.hint_flags & Failure::has_hint) != 0;
    line(fmt::format("{}, waiting {}{}, {}", outcome_words(event.kind, event.status),
                     duration_words(event.delay), asked ? " as the server asked" : "",
                     attempt_words(event.attempt + 1)));
    untold_ = {};
}

void AttemptLines::call_ended(int status, StopReason reason, RefusedBy by) {
    std::string text = stop_words(reason, by, attempted_);
    if (untold_.attempt != 0) {
        const bool succeeded = untold_.kind == FailureKind::none;
        const std::string outcome = outcome_words(untold_.kind, succeeded ? status : untold_.status);
        text = fmt::format("{} after {}, {}{}{}", outcome, duration_words(untold_.duration),
                           attempt_words(untold_.attempt), text.empty() ? "" : ": ", text);
    }
    if (!text.empty()) {
        line(text);
    }
    untold_ = {};
}

void AttemptLines::line(const std::string& text) {
    out_ << look_.prefix << text << '\n' << std::flush;
}

std::string AttemptLines::attempt_words(int number) const {
    return look_.most_attempts > 0 ? fmt::format("attempt {} of {}", number, look_.most_attempts)
                                   : fmt::format("attempt {}", number);
}

} // namespace backstay::inline BACKSTAY_ABI::cli
