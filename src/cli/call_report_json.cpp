#include "cli/call_report_json.hpp"

#include "cli/call_plan.hpp"
#include "cli/details.hpp"
#include "cli/json_line.hpp"
#include "testing/base64.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

std::string json_bool(bool value) {
    return value ? "true" : "false";
}

std::string json_status(int status) {
    return status != 0 ? std::to_string(status) : "null";
}

/// An enumerator's name; null for `none`.
template <class Enum>
std::string json_name(Enum value) {
    return value == Enum::none ? "null" : json_text(to_string(value));
}

std::string json_headers(const Fields& fields) {
    std::map<std::string, std::vector<std::string>> values;
    for (const Field& field : fields) {
        std::string name = field.name;
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        values[name].push_back(field.value);
    }
    JsonObject object;
    for (const auto& [name, list] : values) {
        object.add(name, json_list(list, json_text));
    }
    return object.text();
}

std::string json_links(const Links& links) {
    JsonObject object;
    for (const auto& [name, target] : links) {
        object.add(name, json_text(target));
    }
    return links.empty() ? "null" : object.text();
}

std::string json_attempt(const Attempt& attempt) {
    using namespace std::chrono_literals;
    const Duration waited = attempt.waited < 1ms ? Duration{0} : attempt.waited; // less is no wait but work
    JsonObject object;
    object.add("number", std::to_string(attempt.number))
        .add("kind", json_name(attempt.kind))
        .add("status", json_status(attempt.status))
        .add("waited_ms", json_milliseconds(waited))
        .add("duration_ms", json_milliseconds(attempt.duration))
        .add("request_id", json_text_or_null(attempt.request_id))
        .add("retry_after_s", json_seconds(attempt.retry_after))
        .add("hint_source", json_text_or_null(attempt.hint_source))
        .add("reused", json_bool(attempt.reused))
        .add("remote", json_text_or_null(attempt.remote));
    return object.text();
}

std::string json_details(const ApiError& error) {
    if (const auto raw = raw_details(error)) {
        return *raw;
    }
    if (error.details().empty()) {
        return "null";
    }
    return json_list(error.details(), [](const FieldError& detail) {
        JsonObject object;
        object.add("field", json_text_or_null(detail.field))
            .add("message", json_text_or_null(detail.message));
        return object.text();
    });
}

std::string json_error(const ApiError& error) {
    JsonObject object;
    object.add("kind", json_name(error.kind()))
        .add("status", json_status(error.status()))
        .add("code", json_text_or_null(error.code()))
        .add("description", json_text_or_null(error.description()))
        .add("details", json_details(error))
        .add("request_id", json_text_or_null(error.request_id()))
        .add("retry_after_s", json_seconds(error.retry_after()))
        .add("stop_reason", json_name(error.stop_reason()))
        .add("certainty", json_text(to_string(error.certainty())))
        .add("refused_by", json_name(error.refused_by()))
        .add("idempotency_key", json_text_or_null(error.idempotency_key()))
        .add("advice", json_list(error.advice(), json_text))
        .add("message", json_text_or_null(in_terms_of_flags(error.message())));
    return object.text();
}

} // namespace

std::string to_json_line(const CallReport& report) {
    JsonObject line;
    line.add("schema", "1")
        .add("index", std::to_string(report.index))
        .add("ok", json_bool(report.result.has_value()))
        .add("method", json_text(report.method))
        .add("url", json_text(report.url));
    if (report.result) {
        const auto& reply = *report.result;
        line.add("status", json_status(reply.status))
            .add("data", boost::json::serialize(reply.data))
            .add("links", json_links(reply.links))
            .add("request_id", json_text_or_null(reply.request_id))
            .add("headers", json_headers(reply.headers));
    } else {
        line.add("error", json_error(report.result.error()));
    }
    if (report.raw) {
        line.add("body_base64", report.body ? json_text(to_base64(*report.body)) : "null");
    }
    line.add("attempts", json_list(report.result ? report.result->attempts : report.result.error().attempts(),
                                   json_attempt))
        .add("elapsed_ms", json_milliseconds(report.elapsed));
    return line.text();
}

} // namespace backstay::inline BACKSTAY_ABI::cli
