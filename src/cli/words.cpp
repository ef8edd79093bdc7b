#include "cli/words.hpp"

#include <backstay/core/description.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace backstay::inline BACKSTAY_ABI::cli {

std::string words(std::string_view name) {
    std::string text(name);
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

std::string outcome_words(FailureKind kind, int status) {
    return status != 0 ? std::to_string(status) : words(to_string(kind));
}

std::string stop_words(StopReason reason, RefusedBy by, bool attempted) {
    switch (reason) {
    case StopReason::none:
        return "";
    case StopReason::not_retryable:
        return "a repeat would not help";
    case StopReason::attempts_exhausted:
        return "that was the last attempt";
    case StopReason::budget_exhausted:
        return "the budget for repeats is spent";
    case StopReason::deadline:
        return "another attempt would come after the deadline";
    case StopReason::server_wait_too_long:
        return "the server asks for a longer wait than is allowed";
    case StopReason::unsafe_to_repeat:
        return "not repeated, because it may have been done";
    case StopReason::switched_off:
        return "repeats are switched off";
    case StopReason::refused:
        break;
    }
    return (attempted ? "a repeat was refused here by the " : "refused here by the ") + words(to_string(by));
}

std::string duration_words(Duration duration) {
    using namespace std::chrono_literals;
    if (duration >= 100s) {
        return to_text(duration);
    }
    if (duration >= 1s) {
        return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
    }
    return fmt::format("{} ms", std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

} // namespace backstay::inline BACKSTAY_ABI::cli
