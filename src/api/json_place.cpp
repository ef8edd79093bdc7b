#include <backstay/api/detail/json_place.hpp>

#include <boost/json/serialize.hpp>

#include <cmath>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_name = 40;

std::string in_words(const json::value* value) {
    if (value == nullptr) {
        return "nothing";
    }
    switch (value->kind()) {
    case json::kind::null:
        return "null";
    case json::kind::object:
        return "an object";
    case json::kind::array:
        return "an array";
    case json::kind::string:
        return "a string";
    default:
        return json::serialize(*value);
    }
}

} // namespace

JsonPlace JsonPlace::member(const json::object& object, std::string_view name) const noexcept {
    return {*this, object.if_contains({name.data(), name.size()}), name, 0};
}

JsonPlace JsonPlace::entry(const json::object& map, std::string_view name) const noexcept {
    JsonPlace place = member(map, name);
    place.foreign_ = true;
    return place;
}

JsonPlace JsonPlace::element(const json::array& array, std::size_t index) const noexcept {
    return {*this, &array[index], {}, index};
}

const json::object* JsonPlace::object() const noexcept {
    return value_ != nullptr ? value_->if_object() : nullptr;
}

const json::array* JsonPlace::array() const noexcept {
    return value_ != nullptr ? value_->if_array() : nullptr;
}

std::optional<std::string_view> JsonPlace::text() const noexcept {
    const auto* string = value_ != nullptr ? value_->if_string() : nullptr;
    return string != nullptr ? std::optional{std::string_view{string->data(), string->size()}} : std::nullopt;
}

bool JsonPlace::read(json::value& out) const {
    if (value_ == nullptr) {
        return mismatch("a value");
    }
    out = *value_;
    return true;
}

bool JsonPlace::read(std::string& out) const {
    const auto string = text();
    if (!string) {
        return mismatch("a string");
    }
    out = *string;
    return true;
}

bool JsonPlace::read(bool& out) const {
    const bool* const found = value_ != nullptr ? value_->if_bool() : nullptr;
    if (found == nullptr) {
        return mismatch("true or false");
    }
    out = *found;
    return true;
}

bool JsonPlace::read(double& out) const {
    if (value_ == nullptr || !value_->is_number()) {
        return mismatch("a number");
    }
    if (const auto* found = value_->if_double()) {
        out = *found;
    } else if (const auto* whole = value_->if_int64()) {
        out = static_cast<double>(*whole);
    } else {
        out = static_cast<double>(value_->get_uint64());
    }
    return true;
}

std::optional<std::uint64_t> JsonPlace::integer(std::int64_t least, std::uint64_t most) const {
    const auto* found = value_ != nullptr ? value_->if_int64() : nullptr;
    std::int64_t whole = found != nullptr ? *found : 0;
    if (const auto* fraction = value_ != nullptr ? value_->if_double() : nullptr;
        fraction != nullptr && std::abs(*fraction) < 0x1p63 && std::trunc(*fraction) == *fraction) {
        whole = static_cast<std::int64_t>(*fraction);
        found = &whole;
    }
    if (found != nullptr && whole >= least && (whole < 0 || static_cast<std::uint64_t>(whole) <= most)) {
        return static_cast<std::uint64_t>(whole);
    }
    if (const auto* large = value_ != nullptr ? value_->if_uint64() : nullptr;
        large != nullptr && *large <= most) {
        return *large;
    }
    mismatch("an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

bool JsonPlace::mismatch(std::string_view expected) const {
    return write_fault(expected, in_words(value_));
}

bool JsonPlace::unknown_name(std::string_view expected) const {
    const auto name = text();
    return name && name->size() <= longest_name ? write_fault(expected, json::serialize(*value_))
                                                : mismatch(expected);
}

bool JsonPlace::write_fault(std::string_view expected, std::string_view found) const {
    const auto write = [&](std::string& text, bool plain) {
        text.clear();
        write_path(text, plain);
        text.append(text.empty() ? "body: expected " : ": expected ").append(expected);
    };
    write(fault_.text, false);
    fault_.text.append(", found ").append(found);
    write(fault_.plain, true);
    return false;
}

void JsonPlace::write_path(std::string& text, bool plain) const {
    if (parent_ != nullptr) {
        parent_->write_path(text, plain);
    }
    if (plain && foreign_) {
        text.append("[*]");
        return;
    }
    if (name_.data() == nullptr && parent_ != nullptr) {
        text.append("[").append(std::to_string(index_)).append("]");
    } else if (!name_.empty()) {
        text.append(text.empty() ? "" : ".").append(name_);
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail
