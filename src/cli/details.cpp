#include "cli/details.hpp"

#include <boost/json/parse.hpp>

namespace backstay::inline BACKSTAY_ABI::cli {

std::optional<std::string> raw_details(const ApiError& error) {
    const std::string& raw = error.details_json();
    if (raw.empty()) {
        return std::nullopt;
    }
    boost::system::error_code fault;
    const auto parsed = boost::json::parse({raw.data(), raw.size()}, fault);
    const auto* const list = parsed.if_array();
    const std::size_t told = list != nullptr ? list->size() : 1;
    return fault || told != error.details().size() ? std::optional{raw} : std::nullopt;
}

} // namespace backstay::inline BACKSTAY_ABI::cli
