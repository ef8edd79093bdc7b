#include <backstay/http/fields.hpp>

#include "http/describe_byte.hpp"
#include "http/field_syntax.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

void Fields::set(std::string_view name, std::string value) {
    const auto same = [&](const Field& field) { return same_field_name(field.name, name); };
    const auto first = std::find_if(list_.begin(), list_.end(), same);
    if (first == list_.end()) {
        return add(std::string(name), std::move(value));
    }
    first->value = std::move(value);
    list_.erase(std::remove_if(first + 1, list_.end(), same), list_.end());
}

void Fields::remove(std::string_view name) {
    std::erase_if(list_, [&](const Field& field) { return same_field_name(field.name, name); });
}

const std::string* Fields::find(std::string_view name) const noexcept {
    for (const Field& field : list_) {
        if (same_field_name(field.name, name)) {
            return &field.value;
        }
    }
    return nullptr;
}

bool same_field_name(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char left, char right) { return to_lower(left) == to_lower(right); });
}

std::optional<std::string> field_fault(std::string_view name, std::string_view value) {
    if (name.empty()) {
        return "a field has no name";
    }
    if (const auto bad = std::find_if_not(name.begin(), name.end(), is_token_char); bad != name.end()) {
        return "a field's name has " + describe_byte(*bad) + " at position " +
               std::to_string(bad - name.begin() + 1);
    }
    if (const auto bad = std::find_if(value.begin(), value.end(), is_control); bad != value.end()) {
        // the value may be a secret: it is not shown
        return "the value of the field " + std::string(name) + " has " + describe_byte(*bad) +
               " at position " + std::to_string(bad - value.begin() + 1);
    }
    return std::nullopt;
}

bool is_secret_field(std::string_view name, const std::vector<std::string>& more) {
    constexpr std::array<std::string_view, 4> always = {"Authorization", "Proxy-Authorization", "Cookie",
                                                        "Set-Cookie"};
    const auto same = [&](std::string_view secret) { return same_field_name(name, secret); };
    return std::any_of(always.begin(), always.end(), same) || std::any_of(more.begin(), more.end(), same);
}

} // namespace backstay::inline BACKSTAY_ABI
