#pragma once

#include <backstay/core/config.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>

/// \file
/// How C++ types map to JSON: shared by decoding and encoding.

namespace backstay::inline BACKSTAY_ABI::detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept JsonInteger = std::integral<T> && !std::same_as<T, bool>;

/// A JSON object with any member names: `std::map<std::string, T>` and its like.
template <class T>
concept JsonMap = requires(T& map, std::string name) {
    typename T::mapped_type;
    requires std::same_as<typename T::key_type, std::string>;
    map[std::move(name)];
};

/// A JSON array: `std::vector<T>` and its like.
template <class T>
concept JsonArray = requires(T& list, typename T::value_type element) {
    list.push_back(std::move(element));
} && !std::same_as<T, std::string>;

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

template <DescribedStruct T>
using members_of =
    boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class>
inline constexpr bool always_false = false;

} // namespace backstay::inline BACKSTAY_ABI::detail
