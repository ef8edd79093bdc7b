#pragma once

#include <backstay/api/detail/json_shape.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>

#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Makes a JSON value of the types that `decode` reads. A struct's empty optional is left out (a PATCH then
/// leaves that field alone); elsewhere it is null.
template <class T>
[[nodiscard]] boost::json::value encode(const T& value) {
    if constexpr (std::same_as<T, boost::json::value>) {
        return value;
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        return boost::json::string(std::string_view{value});
    } else if constexpr (std::same_as<T, bool> || std::floating_point<T> || detail::JsonInteger<T>) {
        return boost::json::value(value);
    } else if constexpr (detail::is_optional<T>) {
        return value ? encode(*value) : boost::json::value{};
    } else if constexpr (detail::DescribedEnum<T>) {
        boost::json::value name;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
            if (value == enumerator.value) {
                name = enumerator.name;
            }
        });
        return name;
    } else if constexpr (detail::JsonMap<T>) {
        boost::json::object object;
        for (const auto& [name, element] : value) {
            object.emplace(name, encode(element));
        }
        return object;
    } else if constexpr (detail::JsonArray<T>) {
        boost::json::array array;
        for (const auto& element : value) {
            array.push_back(encode<typename T::value_type>(element));
        }
        return array;
    } else if constexpr (detail::DescribedStruct<T>) {
        boost::json::object object;
        boost::mp11::mp_for_each<detail::members_of<T>>([&](auto member) {
            const auto& field = value.*member.pointer;
            if constexpr (detail::is_optional<std::remove_cvref_t<decltype(field)>>) {
                if (!field) {
                    return;
                }
            }
            object.emplace(member.name, encode(field));
        });
        return object;
    } else {
        static_assert(detail::always_false<T>,
                      "backstay: this type cannot be written as JSON. Describe it with BOOST_DESCRIBE_STRUCT "
                      "or BOOST_DESCRIBE_ENUM, or use boost::json::value.");
    }
}

/// Writes JSON text. Errors: a number that JSON cannot hold (NaN, infinity), as a sentence.
[[nodiscard]] BACKSTAY_EXPORT expected<std::string, std::string>
to_json_text(const boost::json::value& value);

} // namespace backstay::inline BACKSTAY_ABI
