#include "testing/guide.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace json = boost::json;

namespace {

struct StatusName {
    int status;
    std::string_view reason;
};

constexpr std::array<StatusName, 34> status_names{{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Entity"},
    {425, "Too Early"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

struct GuideError {
    int status;
    std::string_view error;
    std::string_view description;
};

constexpr std::array<GuideError, 11> guide_errors{{
    {400, "bad_request", "Invalid JSON in request body"},
    {401, "unauthorized", "Invalid or expired access token"},
    {403, "forbidden", "You do not have permission to access this resource"},
    {404, "not_found", "Resource with ID '12345' not found"},
    {409, "conflict", "A resource with this identifier already exists"},
    {422, "validation_error", "Request validation failed"},
    {429, "rate_limit_exceeded", "Too many requests"},
    {500, "internal_error", "An unexpected error occurred"},
    {502, "bad_gateway", "Upstream service error"},
    {503, "service_unavailable", "Service is under maintenance"},
    {504, "gateway_timeout", "Upstream service timeout"},
}};

json::object error_body(std::string_view error, std::string_view description) {
    return {{"error", error}, {"error_description", description}};
}

json::object example_resource(std::string_view id, std::string_view name) {
    return {{"id", id}, {"name", name}, {"created_at", "2024-01-15T10:30:00Z"}};
}

json::array to_json(const std::vector<FieldComplaint>& details) {
    json::array list;
    for (const FieldComplaint& detail : details) {
        list.push_back(json::object{{"field", detail.field}, {"message", detail.message}});
    }
    return list;
}

json::object guide_error_body(const GuideError& row, std::optional<std::chrono::seconds> wait,
                              std::string_view request_id) {
    json::object body = error_body(row.error, row.description);
    switch (row.status) {
    case 400:
        body["details"] = {{"field", "email"}, {"issue", "Invalid email format"}};
        break;
    case 422:
        body["details"] = to_json({{"email", "Email is required"}, {"phone", "Invalid phone number format"}});
        break;
    case 429:
    case 503:
        if (wait) {
            body["retry_after"] = wait->count();
        }
        break;
    case 500:
    case 502:
    case 504:
        body["request_id"] = request_id;
        break;
    default:
        break;
    }
    return body;
}

std::string guide_body(int status, std::optional<std::chrono::seconds> wait, std::string_view request_id) {
    if (status == 200) {
        return json::serialize(json::object{{"data", example_resource("12345", "Example Resource")}});
    }
    if (status == 201) {
        return json::serialize(json::object{{"data", example_resource("67890", "New Resource")},
                                            {"links", {{"self", "/v1/resources/67890"}}}});
    }
    if (status < 400) {
        return {};
    }
    const auto* const row = std::find_if(guide_errors.begin(), guide_errors.end(),
                                         [status](const GuideError& one) { return one.status == status; });
    return json::serialize(row != guide_errors.end()
                               ? guide_error_body(*row, wait, request_id)
                               : error_body("status_" + std::to_string(status), reason_phrase(status)));
}

} // namespace

std::string_view reason_phrase(int status) noexcept {
    const auto* const row = std::find_if(status_names.begin(), status_names.end(),
                                         [status](const StatusName& one) { return one.status == status; });
    return row != status_names.end() ? row->reason : std::string_view();
}

std::optional<std::chrono::seconds> guide_wait(int status) noexcept {
    return status == 429   ? std::optional(std::chrono::seconds{45})
           : status == 503 ? std::optional(std::chrono::seconds{300})
                           : std::nullopt;
}

ApiReply guide_reply(int status, std::optional<std::chrono::seconds> wait, std::string_view request_id) {
    ApiReply reply{.status = status, .body = guide_body(status, wait, request_id)};
    if (wait) {
        reply.fields.add("Retry-After", std::to_string(wait->count()));
    }
    if (status == 401) {
        reply.fields.add("WWW-Authenticate", "Bearer");
    }
    return reply;
}

ApiReply error_reply(int status, std::string_view error, std::string_view description) {
    return {.status = status, .body = json::serialize(error_body(error, description))};
}

ApiReply bad_request(std::string_view description, const FieldComplaint& detail) {
    json::object body = error_body("bad_request", description);
    body["details"] = {{"field", detail.field}, {"issue", detail.message}};
    return {.status = 400, .body = json::serialize(body)};
}

ApiReply validation_error(const std::vector<FieldComplaint>& details) {
    json::object body = error_body("validation_error", "Request validation failed");
    body["details"] = to_json(details);
    return {.status = 422, .body = json::serialize(body)};
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
