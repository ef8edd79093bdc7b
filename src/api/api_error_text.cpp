#include <backstay/api/api_error.hpp>

#include "api/attempts_text.hpp"

#include <backstay/core/description.hpp>

namespace backstay::inline BACKSTAY_ABI {
namespace {

void append_field(std::string& line, std::string_view name, std::string_view value) {
    if (!value.empty()) {
        line.append(" ").append(name).append("=");
        detail::append_text(line, value);
    }
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
        detail::append_text(line, words);
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
        line.append(detail::attempts_text(error.attempts()));
        line.append("]");
    }
    return line;
}

} // namespace backstay::inline BACKSTAY_ABI
