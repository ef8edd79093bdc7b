#include "api/json_text.hpp"

#include <boost/json/parse.hpp>

namespace backstay::inline BACKSTAY_ABI::detail {

namespace json = boost::json;

json::value parse_json(std::string_view text, const Codec& codec, std::error_code& fault) {
    json::parse_options options;
    options.max_depth = codec.max_depth;
    boost::system::error_code error;
    auto value = json::parse({text.data(), text.size()}, error, {}, options);
    fault = error;
    return value;
}

std::string_view string_member(const json::object& object, std::string_view name) noexcept {
    const auto* member = object.if_contains({name.data(), name.size()});
    const auto* string = member != nullptr ? member->if_string() : nullptr;
    return string != nullptr ? std::string_view{string->data(), string->size()} : std::string_view{};
}

} // namespace backstay::inline BACKSTAY_ABI::detail
