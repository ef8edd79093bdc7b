#include <backstay/testing/fault_script.hpp>

#include "testing/connection_fault_names.hpp"

#include <backstay/core/description.hpp>

namespace backstay::inline BACKSTAY_ABI {

namespace {

void add(std::string& text, const std::string& part) {
    text.append(text.empty() ? "" : ", ").append(part);
}

std::string what_is_sent(const FaultStep& step) {
    std::string what = step.reply ? std::to_string(step.reply->status)
                       : step.raw ? std::to_string(step.raw->size()) + " raw bytes"
                                  : std::string();
    if (step.delay > Duration::zero()) {
        what.append(what.empty() ? "" : " ").append("after ").append(to_text(step.delay));
    }
    return what;
}

std::string_view name_of(Cut::Kind kind) noexcept {
    switch (kind) {
    case Cut::Kind::reset:
        return "reset";
    case Cut::Kind::close:
        return "close";
    case Cut::Kind::stall:
        return "stall";
    case Cut::Kind::none:
        break;
    }
    return {};
}

std::string_view name_of(AfterReply after) noexcept {
    switch (after) {
    case AfterReply::close:
        return "close afterwards";
    case AfterReply::close_silently:
        return "close afterwards without a word";
    case AfterReply::close_on_next_request:
        return "close on the next request";
    case AfterReply::keep_alive:
        break;
    }
    return {};
}

} // namespace

std::string to_string(const FaultStep& step) {
    std::string text = what_is_sent(step);
    for (const Pause& pause : step.pauses) {
        add(text, "pause of " + to_text(pause.duration) + " at byte " + std::to_string(pause.at_byte));
    }
    if (step.drip.bytes > 0) {
        add(text, "drip of " + std::to_string(step.drip.bytes) + " bytes every " + to_text(step.drip.every));
    }
    if (!step.chunks.empty()) {
        add(text, "chunked");
    }
    if (step.cut.kind != Cut::Kind::none) {
        add(text, std::string(name_of(step.cut.kind)) + " at byte " + std::to_string(step.cut.at_byte) +
                      (step.cut.close_notify ? "" : " without close_notify"));
    }
    if (step.after != AfterReply::keep_alive) {
        add(text, std::string(name_of(step.after)));
    }
    return text;
}

std::string_view to_string(ConnectionFault fault) noexcept {
    return detail::sandbox::connection_fault_names[static_cast<std::size_t>(fault)];
}

} // namespace backstay::inline BACKSTAY_ABI
