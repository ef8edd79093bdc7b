#include "cli/call_report_text.hpp"

#include "cli/words.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <iterator>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

/// What a terminal must not be made to interpret.
std::string without_control_bytes(std::string_view text) {
    std::string clean(text);
    for (char& c : clean) {
        const auto byte = static_cast<unsigned char>(c);
        c = byte < 0x20 || byte == 0x7f ? ' ' : c;
    }
    return clean;
}

std::string certainty_words(Certainty certainty) {
    switch (certainty) {
    case Certainty::not_sent:
        return "nothing was sent";
    case Certainty::refused:
        return "turned away before any work was done";
    case Certainty::unknown:
        return "it is not known whether it was done";
    case Certainty::answered:
        break;
    }
    return "";
}

template <class... Arguments>
void add(std::string& text, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(text), format, std::forward<Arguments>(arguments)...);
}

std::string headline(const ApiError& error) {
    std::string text = words(to_string(error.kind()));
    if (error.status() != 0) {
        text = fmt::format("{} {}", error.status(), text);
    }
    const std::string& said = error.description().empty() ? error.message() : error.description();
    return said.empty() ? text : text + ": " + without_control_bytes(said);
}

} // namespace

std::string result_text(const CallReport& report) {
    if (report.raw) {
        return report.body.value_or(std::string());
    }
    return report.result->data.is_null() ? std::string() : boost::json::serialize(report.result->data) + "\n";
}

std::string error_text(const ApiError& error) {
    std::string text = headline(error) + "\n";
    for (const FieldError& detail : error.details()) {
        add(text, "  {}: {}\n", without_control_bytes(detail.field), without_control_bytes(detail.message));
    }
    if (const auto wait = error.retry_after()) {
        add(text, "  try again after {}\n", duration_words(*wait));
    }
    if (const std::string known = certainty_words(error.certainty()); !known.empty()) {
        add(text, "  {}\n", known);
    }
    if (!error.request_id().empty()) {
        add(text, "  request id: {}\n", without_control_bytes(error.request_id()));
    }
    if (!error.idempotency_key().empty()) {
        add(text, "  idempotency key: {}\n", error.idempotency_key());
    }
    for (const std::string& advice : error.advice()) {
        add(text, "  * {}\n", advice);
    }
    return text;
}

std::string verbose_text(const CallReport& report) {
    const Fields* fields = nullptr;
    int status = 0;
    if (report.result) {
        fields = &report.result->headers;
        status = report.result->status;
    } else if (const Response* const response = report.result.error().response()) {
        fields = &response->fields();
        status = response->status();
    }
    std::string text;
    if (fields == nullptr) {
        return text;
    }
    add(text, "< {}\n", status);
    for (const Field& field : *fields) {
        add(text, "< {}: {}\n", field.name,
            is_secret_field(field.name) ? "***" : without_control_bytes(field.value));
    }
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI::cli
