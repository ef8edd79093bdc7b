#include "cli/call_report_text.hpp"

#include "cli/call_plan.hpp"
#include "cli/details.hpp"
#include "cli/words.hpp"
#include "core/printable.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <iterator>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

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
    if (said.empty()) {
        return text;
    }
    return text + ": " + detail::printable(&said == &error.message() ? in_terms_of_flags(said) : said);
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
    for (const FieldError& complaint : error.details()) {
        add(text, "  {}: {}\n", detail::printable(complaint.field), detail::printable(complaint.message));
    }
    if (const auto raw = raw_details(error)) {
        constexpr std::size_t shown = 1024; // --json has all
        add(text, "  details: {}{}\n", detail::printable(detail::utf8_prefix(*raw, shown)),
            raw->size() > shown ? "..." : "");
    }
    if (const auto wait = error.retry_after()) {
        add(text, "  try again after {}\n", duration_words(*wait));
    }
    if (const std::string known = certainty_words(error.certainty()); !known.empty()) {
        add(text, "  {}\n", known);
    }
    if (!error.request_id().empty()) {
        add(text, "  request id: {}\n", detail::printable(error.request_id()));
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
            is_secret_field(field.name) ? "***" : detail::printable(field.value));
    }
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI::cli
