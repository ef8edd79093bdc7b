#pragma once

#include <backstay/api/detail/json_place.hpp>
#include <backstay/api/detail/json_shape.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>

#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {
namespace detail {

template <class T>
bool decode_into(T& out, const JsonPlace& place);

template <DescribedStruct T>
bool decode_struct(T& out, const JsonPlace& place) {
    const auto* object = place.object();
    if (object == nullptr) {
        return place.mismatch("an object");
    }
    bool good = true;
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) {
        good = good && decode_into(out.*member.pointer, place.member(*object, member.name));
    });
    return good;
}

template <DescribedEnum T>
bool decode_enum(T& out, const JsonPlace& place) {
    const auto name = place.text();
    bool found = false;
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
        if (name && *name == enumerator.name) {
            out = enumerator.value;
            found = true;
        }
        names.append(names.empty() ? "one of " : ", ").append(enumerator.name);
    });
    return found || place.unknown_name(names);
}

template <JsonArray T>
bool decode_array(T& out, const JsonPlace& place) {
    const auto* array = place.array();
    if (array == nullptr) {
        return place.mismatch("an array");
    }
    out.clear();
    for (std::size_t i = 0; i < array->size(); ++i) {
        typename T::value_type element{};
        if (!decode_into(element, place.element(*array, i))) {
            return false;
        }
        out.push_back(std::move(element));
    }
    return true;
}

template <JsonMap T>
bool decode_map(T& out, const JsonPlace& place) {
    const auto* object = place.object();
    if (object == nullptr) {
        return place.mismatch("an object");
    }
    out.clear();
    for (const auto& [name, value] : *object) {
        const std::string_view key{name.data(), name.size()};
        if (!decode_into(out[std::string{key}], place.entry(*object, key))) {
            return false;
        }
    }
    return true;
}

/// False when the value at `place` does not suit: the place then has said why.
template <class T>
bool decode_into(T& out, const JsonPlace& place) {
    if constexpr (is_optional<T>) {
        out.reset();
        return place.absent() || decode_into(out.emplace(), place);
    } else if constexpr (std::same_as<T, boost::json::value> || std::same_as<T, std::string> ||
                         std::same_as<T, bool>) {
        return place.read(out);
    } else if constexpr (std::floating_point<T>) {
        double wide = 0;
        if (!place.read(wide)) {
            return false;
        }
        if (std::abs(wide) > static_cast<double>(std::numeric_limits<T>::max())) {
            return place.mismatch("a number that fits");
        }
        out = static_cast<T>(wide);
        return true;
    } else if constexpr (JsonInteger<T>) {
        using Limits = std::numeric_limits<T>;
        const auto wide = place.integer(static_cast<std::int64_t>(Limits::min()), Limits::max());
        out = static_cast<T>(wide.value_or(0));
        return wide.has_value();
    } else if constexpr (DescribedEnum<T>) {
        return decode_enum(out, place);
    } else if constexpr (JsonMap<T>) {
        return decode_map(out, place);
    } else if constexpr (JsonArray<T>) {
        return decode_array(out, place);
    } else if constexpr (DescribedStruct<T>) {
        return decode_struct(out, place);
    } else {
        static_assert(always_false<T>,
                      "backstay: this type cannot be read from JSON. Describe it with "
                      "BOOST_DESCRIBE_STRUCT or BOOST_DESCRIBE_ENUM, or use boost::json::value.");
    }
}

} // namespace detail

/// Makes a `T` of a JSON value: a described struct or enum, bool, number, `std::string`, `std::optional`,
/// `std::vector`, `std::map<std::string, T>`, `boost::json::value`, or any nesting of them; `T` is
/// default-constructible. Unknown members are ignored; a missing or null optional is empty; numbers must fit.
/// Errors: any other mismatch, as one line that names the place: `items[3].name: expected a string, found
/// null`. `root` is how the document itself is named there.
template <class T>
[[nodiscard]] expected<T, std::string> decode(const boost::json::value& document,
                                              std::string_view root = std::string_view()) {
    detail::JsonFault fault;
    T value{};
    if (!detail::decode_into(value, detail::JsonPlace{&document, root, fault})) {
        return fail(std::move(fault.text));
    }
    return value;
}

} // namespace backstay::inline BACKSTAY_ABI
