#include "api/error_body.hpp"

#include "api/json_text.hpp"
#include "api/server_text.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

namespace json = boost::json;

// a server that fails must not cost more than one that works: what it says of its failure is small
constexpr std::size_t longest_body = std::size_t{256} * 1024;
constexpr std::size_t most_complaints = 100;

std::string text_of(const json::object& object, std::string_view name) {
    return std::string{server_text(string_member(object, name))};
}

FieldError field_error(const json::value& complaint) {
    if (const auto* text = complaint.if_string()) {
        return {.field = {}, .message = std::string{server_text({text->data(), text->size()})}};
    }
    FieldError error;
    if (const auto* object = complaint.if_object()) {
        error.field = text_of(*object, "field");
        error.message = text_of(*object, "message");
        if (error.message.empty()) {
            error.message = text_of(*object, "issue");
        }
    }
    return error;
}

/// Reads one complaint or a list of them; what is not understood stays in the raw text alone.
std::vector<FieldError> field_errors(const json::value& details) {
    std::vector<FieldError> errors;
    const auto add = [&errors](const json::value& complaint) {
        if (auto error = field_error(complaint); !error.field.empty() || !error.message.empty()) {
            errors.push_back(std::move(error));
        }
    };
    if (const auto* list = details.if_array()) {
        for (std::size_t i = 0; i < std::min(list->size(), most_complaints); ++i) {
            add((*list)[i]);
        }
    } else {
        add(details);
    }
    return errors;
}

std::optional<ServerWait> wait_of(const json::value& seconds) noexcept {
    if (const auto* text = seconds.if_string()) {
        return body_wait(std::string_view{text->data(), text->size()});
    }
    if (const auto* fraction = seconds.if_double()) {
        return body_wait(*fraction);
    }
    if (const auto* whole = seconds.if_int64()) {
        return body_wait(static_cast<double>(*whole));
    }
    return std::nullopt;
}

/// A rate-limit field names a wait only when the limit is what refused the call: servers send these fields
/// with every reply.
bool is_limited(const Response& response) noexcept {
    if (response.status() == 429) {
        return true;
    }
    for (const std::string_view name :
         {"RateLimit-Remaining", "X-RateLimit-Remaining", "X-Rate-Limit-Remaining"}) {
        if (const auto* remaining = response.fields().find(name)) {
            return *remaining == "0";
        }
    }
    return response.status() == 503 && response.fields().has("RateLimit");
}

} // namespace

ErrorBody read_error_body(std::string_view body, const Codec& codec) {
    ErrorBody read;
    if (body.size() > longest_body) {
        return read;
    }
    std::error_code fault;
    const auto document = parse_json(body, codec, fault);
    const auto* object = fault ? nullptr : document.if_object();
    if (object == nullptr) {
        return read;
    }
    read.code = text_of(*object, "error");
    read.description = text_of(*object, "error_description");
    read.request_id = text_of(*object, "request_id");
    if (const auto* details = object->if_contains("details"); details != nullptr && !details->is_null()) {
        read.details = field_errors(*details);
        read.details_json = json::serialize(*details);
    }
    if (const auto* seconds = object->if_contains("retry_after")) {
        read.wait = wait_of(*seconds);
    }
    return read;
}

Failure refined(const Response& response, const ErrorBody& body, WallTime wall_now, bool in_progress) {
    Failure failure = response.facts();
    auto wait = retry_after(response.fields(), wall_now);
    if (!wait) {
        wait = body.wait;
    }
    if (!wait) {
        wait = rate_limit_wait(response.fields(), wall_now, is_limited(response));
    }
    if (wait) {
        failure.set_hint(wait->wait, wait->source);
    }
    if (in_progress) {
        failure.flags = static_cast<std::uint16_t>(failure.flags | Failure::in_progress);
    }
    return failure;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
