#include "testing/resource.hpp"

#include "testing/guide.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace json = boost::json;

namespace {

bool is_email(std::string_view text) noexcept {
    const std::size_t at = text.find('@');
    if (at == 0 || at == std::string_view::npos) {
        return false;
    }
    const std::string_view domain = text.substr(at + 1);
    return domain.find('@') == std::string_view::npos && domain.find('.') != std::string_view::npos &&
           !domain.starts_with('.') && !domain.ends_with('.') &&
           std::none_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c == '\x7f'; });
}

bool is_phone(std::string_view text) noexcept {
    const std::string_view number = text.substr(text.starts_with('+') ? 1 : 0);
    const auto digits =
        std::count_if(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
    return digits >= 7 && digits <= 15 &&
           number.find_first_not_of("0123456789 -()") == std::string_view::npos;
}

} // namespace

expected<ResourceDraft, ApiReply> parse_draft(std::string_view body, bool whole) {
    boost::json::error_code error;
    const json::value document = json::parse(body, error);
    if (error) {
        return fail(bad_request("Invalid JSON in request body", {"body", error.message()}));
    }
    const json::object* const members = document.if_object();
    if (members == nullptr) {
        return fail(bad_request("Invalid request format or parameters", {"body", "Expected a JSON object"}));
    }
    ResourceDraft draft;
    std::vector<FieldComplaint> complaints;
    const std::array<std::pair<const char*, std::optional<std::string>*>, 4> known{
        {{"id", &draft.id}, {"name", &draft.name}, {"email", &draft.email}, {"phone", &draft.phone}}};
    for (const auto& [key, place] : known) {
        const json::value* const value = members->if_contains(key);
        if (value == nullptr || value->is_null()) {
            continue;
        }
        if (const json::string* const text = value->if_string()) {
            place->emplace(text->data(), text->size());
        } else {
            complaints.push_back({key, "Must be a string"});
        }
    }
    if (draft.email && !is_email(*draft.email)) {
        return fail(bad_request("Invalid request format or parameters", {"email", "Invalid email format"}));
    }
    if (whole && !members->contains("name")) {
        complaints.push_back({"name", "Name is required"});
    } else if (draft.name && draft.name->empty()) {
        complaints.push_back({"name", "Name must not be empty"});
    }
    if (whole && draft.phone && !members->contains("email")) {
        complaints.push_back({"email", "Email is required"});
    }
    if (draft.phone && !is_phone(*draft.phone)) {
        complaints.push_back({"phone", "Invalid phone number format"});
    }
    if (!complaints.empty()) {
        return fail(validation_error(complaints));
    }
    return draft;
}

json::object to_json(const Resource& resource) {
    json::object object{{"id", resource.id}, {"name", resource.name}, {"created_at", resource.created_at}};
    if (resource.email) {
        object["email"] = *resource.email;
    }
    if (resource.phone) {
        object["phone"] = *resource.phone;
    }
    return object;
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
