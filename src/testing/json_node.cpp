#include "testing/json_node.hpp"

#include <backstay/core/description.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <limits>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {

std::string joined(std::span<const std::string_view> names) {
    std::string list;
    for (const std::string_view name : names) {
        list.append(list.empty() ? "" : ", ").append(name);
    }
    return list;
}

} // namespace

void JsonNode::complain(std::string_view what) const {
    if (!*complaint_) {
        *complaint_ = path_.empty() ? std::string(what) : path_ + ": " + std::string(what);
    }
}

void JsonNode::expect_keys(std::initializer_list<std::string_view> keys) const {
    each_member([this, keys](const std::string& key, const JsonNode&) {
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
            complain("unknown key \"" + key + "\"; allowed are " + joined({keys.begin(), keys.size()}));
        }
    });
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
    const auto* members = value_->if_object();
    const auto* member = members != nullptr ? members->if_contains(key) : nullptr;
    if (member == nullptr) {
        return std::nullopt;
    }
    return child(key, *member);
}

std::string JsonNode::text() const {
    if (const auto* string = value_->if_string()) {
        return {string->data(), string->size()};
    }
    complain(shown() + " is not a string");
    return {};
}

bool JsonNode::flag() const {
    if (const bool* set = value_->if_bool()) {
        return *set;
    }
    complain(shown() + " is neither true nor false");
    return false;
}

std::int64_t JsonNode::integer(std::int64_t lowest, std::int64_t highest) const {
    const std::int64_t* number = value_->if_int64();
    if (number == nullptr || *number < lowest || *number > highest) {
        complain(shown() + " is not a whole number from " + std::to_string(lowest) + " to " +
                 std::to_string(highest));
        return lowest;
    }
    return *number;
}

std::size_t JsonNode::bytes() const {
    return static_cast<std::size_t>(integer(0, std::numeric_limits<std::int32_t>::max()));
}

Duration JsonNode::duration() const {
    const auto* string = value_->if_string();
    if (string == nullptr) {
        complain(shown() + " is not a duration; write 250ms, 2s or 5min");
        return Duration::zero();
    }
    const auto parsed = parse_duration({string->data(), string->size()});
    if (!parsed) {
        complain(parsed.error());
    }
    return parsed.value_or(Duration::zero());
}

std::size_t JsonNode::one_of(std::span<const std::string_view> names) const {
    if (const auto* string = value_->if_string()) {
        const auto found = std::find(names.begin(), names.end(), std::string_view(*string));
        if (found != names.end()) {
            return static_cast<std::size_t>(found - names.begin());
        }
    }
    complain(shown() + " is none of " + joined(names));
    return 0;
}

JsonNode JsonNode::child(std::string_view key, const boost::json::value& value) const {
    return {value, path_.empty() ? std::string(key) : path_ + "." + std::string(key), *complaint_};
}

std::string JsonNode::shown() const {
    constexpr std::size_t most = 40;
    std::string text = boost::json::serialize(*value_);
    if (text.size() > most) {
        text.resize(most);
        text += "...";
    }
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
