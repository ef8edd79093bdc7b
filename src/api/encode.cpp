#include <backstay/api/encode.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>

namespace backstay::inline BACKSTAY_ABI {
namespace {

namespace json = boost::json;

bool is_finite(const json::value& value) {
    if (const auto* number = value.if_double()) {
        return std::isfinite(*number);
    }
    if (const auto* array = value.if_array()) {
        return std::all_of(array->begin(), array->end(), is_finite);
    }
    const auto* object = value.if_object();
    return object == nullptr || std::all_of(object->begin(), object->end(),
                                            [](const auto& member) { return is_finite(member.value()); });
}

} // namespace

expected<std::string, std::string> to_json_text(const json::value& value) {
    if (!is_finite(value)) {
        return fail(std::string{"the body holds a number that JSON cannot: NaN or infinity"});
    }
    return json::serialize(value);
}

} // namespace backstay::inline BACKSTAY_ABI
