#include <backstay/api/api_error.hpp>

#include "core/printable.hpp"

#include <backstay/core/description.hpp>

namespace backstay::inline BACKSTAY_ABI {
namespace {

constexpr std::size_t longest_text = 200;

/// Appends words that a server chose: bounded, and unable to end the line.
void append_text(std::string& line, std::string_view text) {
    line += detail::printable(detail::utf8_prefix(text, longest_text));
    if (text.size() > longest_text) {
        line += "...";
    }
}

void append_field(std::string& line, std::string_view name, std::string_view value) {
    if (!value.empty()) {
        line.append(" ").append(name).append("=");
        append_text(line, value);
    }
}

void append_attempt(std::string& line, const Attempt& attempt) {
    line.append("#").append(std::to_string(attempt.number)).append(" ");
    if (attempt.waited > Duration::zero()) {
        line.append("after ").append(to_text(attempt.waited)).append(" ");
    }
    if (attempt.status != 0) {
        line.append(std::to_string(attempt.status)).append(" ");
    }
    line.append(attempt.kind == FailureKind::none ? "success" : to_string(attempt.kind));
    line.append(" in ").append(to_text(attempt.duration));
    append_field(line, "request_id", attempt.request_id);
}

} // namespace

std::string to_string(const ApiError& error) {
    std::string line{to_string(error.kind())};
    if (error.status() != 0) {
        line.append(" ").append(std::to_string(error.status()));
    }
    append_field(line, "code", error.code());
    if (const auto& words = error.description().empty() ? error.message() : error.description();
        !words.empty()) {
        line.append(": ");
        append_text(line, words);
    }
    append_field(line, "request_id", error.request_id());
    if (const auto wait = error.retry_after()) {
        append_field(line, "retry_after", to_text(*wait));
    }
    if (error.stop_reason() != StopReason::none) {
        append_field(line, "stop_reason", to_string(error.stop_reason()));
    }
    if (error.refused_by() != RefusedBy::none) {
        append_field(line, "refused_by", to_string(error.refused_by()));
    }
    append_field(line, "certainty", to_string(error.certainty()));
    if (error.attempt_count() > 0) {
        line.append(" attempts=").append(std::to_string(error.attempt_count())).append(" [");
        std::string_view separator;
        int previous = 0;
        for (const auto& attempt : error.attempts()) {
            line.append(separator);
            if (previous + 1 < attempt.number) {
                line.append("... ");
            }
            append_attempt(line, attempt);
            previous = attempt.number;
            separator = "; ";
        }
        line.append("]");
    }
    return line;
}

} // namespace backstay::inline BACKSTAY_ABI
