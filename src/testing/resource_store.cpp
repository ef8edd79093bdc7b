#include "testing/resource_store.hpp"

#include "testing/guide.hpp"
#include "testing/time_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace json = boost::json;

namespace {

constexpr std::string_view collection = "/v1/resources";

std::string link_to(const std::string& id) {
    return std::string(collection) + "/" + id;
}

ApiReply with_data(int status, const Resource& resource) {
    return {.status = status, .body = json::serialize(json::object{{"data", to_json(resource)}})};
}

ApiReply not_found(const std::string& id) {
    return error_reply(404, "not_found", "Resource with ID '" + id + "' not found");
}

ApiReply conflict() {
    return error_reply(409, "conflict", "A resource with this identifier already exists");
}

/// Finds a parameter's value; the store's own parameters need no percent-decoding.
std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
            return pair.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

} // namespace

ResourceStore::ResourceStore(std::size_t most, std::function<WallTime()> wall_clock, Changed changed)
    : most_(most), wall_clock_(std::move(wall_clock)), changed_(std::move(changed)) {
    resources_["12345"] = {.id = "12345", .name = "Example Resource", .created_at = "2024-01-15T10:30:00Z"};
}

ApiReply ResourceStore::list(std::string_view query) const {
    std::size_t limit = 100;
    if (const auto text = parameter(query, "limit")) {
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
        if (error != std::errc{} || end != text->data() + text->size() || limit < 1 || limit > 100) {
            return bad_request("Invalid request format or parameters",
                               {"limit", "Must be a whole number from 1 to 100"});
        }
    }
    const auto after = parameter(query, "after");
    auto next = after ? resources_.upper_bound(std::string(*after)) : resources_.begin();
    json::array data;
    std::string last;
    for (; next != resources_.end() && data.size() < limit; ++next) {
        data.push_back(to_json(next->second));
        last = next->first;
    }
    json::object links{{"self", collection}};
    if (next != resources_.end()) {
        links["next"] = std::string(collection) + "?limit=" + std::to_string(limit) + "&after=" + last;
    }
    return {.body = json::serialize(json::object{{"data", std::move(data)}, {"links", std::move(links)}})};
}

ApiReply ResourceStore::create(std::string_view body) {
    const auto draft = parse_draft(body, true);
    if (!draft) {
        return draft.error();
    }
    if ((draft->id && resources_.contains(*draft->id)) || name_taken(*draft->name, {})) {
        return conflict();
    }
    if (resources_.size() >= most_) {
        return error_reply(503, "service_unavailable", "The sandbox is full");
    }
    const std::string id = draft->id ? *draft->id : free_id();
    const Resource& made = resources_[id] = {.id = id,
                                             .name = *draft->name,
                                             .email = draft->email,
                                             .phone = draft->phone,
                                             .created_at = to_iso_time(wall_clock_())};
    changed_(Effect::Kind::created, id);
    ApiReply reply{
        .status = 201,
        .body = json::serialize(json::object{{"data", to_json(made)}, {"links", {{"self", link_to(id)}}}})};
    reply.fields.add("Location", link_to(id));
    return reply;
}

ApiReply ResourceStore::read(const std::string& id) const {
    const auto found = resources_.find(id);
    return found != resources_.end() ? with_data(200, found->second) : not_found(id);
}

ApiReply ResourceStore::update(const std::string& id, std::string_view body, bool whole) {
    const auto found = resources_.find(id);
    if (found == resources_.end()) {
        return not_found(id);
    }
    const auto draft = parse_draft(body, whole);
    if (!draft) {
        return draft.error();
    }
    if ((draft->id && *draft->id != id) || (draft->name && name_taken(*draft->name, id))) {
        return conflict();
    }
    Resource& resource = found->second;
    resource.name = draft->name.value_or(resource.name);
    resource.email = draft->email || whole ? draft->email : resource.email;
    resource.phone = draft->phone || whole ? draft->phone : resource.phone;
    changed_(Effect::Kind::updated, id);
    return with_data(200, resource);
}

ApiReply ResourceStore::remove(const std::string& id) {
    if (resources_.erase(id) == 0) {
        return not_found(id);
    }
    changed_(Effect::Kind::deleted, id);
    return {.status = 204};
}

bool ResourceStore::name_taken(const std::string& name, const std::string& but_for_id) const {
    return std::any_of(resources_.begin(), resources_.end(), [&](const auto& entry) {
        return entry.second.name == name && entry.first != but_for_id;
    });
}

std::string ResourceStore::free_id() {
    while (resources_.contains(std::to_string(next_id_))) {
        ++next_id_;
    }
    return std::to_string(next_id_++);
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
