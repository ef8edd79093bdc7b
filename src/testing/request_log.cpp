#include <backstay/testing/request_log.hpp>

#include "testing/time_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace backstay::inline BACKSTAY_ABI {

namespace json = boost::json;

namespace {

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

/// As a list of pairs: names may come twice, and their order is the wire's.
json::array to_json(const Fields& fields) {
    json::array list;
    for (const Field& field : fields) {
        list.push_back(json::array{field.name, field.value});
    }
    return list;
}

} // namespace

std::string to_json_line(const SeenRequest& request) {
    return json::serialize(json::object{
        {"number", request.number},
        {"time", detail::sandbox::to_iso_time_milliseconds(request.at)},
        {"connection", request.connection},
        {"exchange", request.exchange},
        {"method", request.method},
        {"target", request.target},
        {"fields", to_json(request.fields)},
        {"body_bytes", request.body_bytes},
        {"status", request.status != 0 ? json::value(request.status) : json::value(nullptr)},
        {"fault", text_or_null(request.fault)},
        {"request_id", text_or_null(request.request_id)},
        {"attempt_id", text_or_null(request.attempt_id)},
    });
}

} // namespace backstay::inline BACKSTAY_ABI
