#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/testing/detail/guide_api.hpp>

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// What the sandbox's API stores.
struct Resource {
    std::string id{};
    std::string name{};
    std::optional<std::string> email{};
    std::optional<std::string> phone{};
    std::string created_at{};
};

/// What a request body says of a resource. A phone number needs an email address beside it.
struct ResourceDraft {
    std::optional<std::string> id{};
    std::optional<std::string> name{};
    std::optional<std::string> email{};
    std::optional<std::string> phone{};
};

/// Reads and checks a request body as the guide says: 400 for what is not JSON and for an email address of
/// wrong form, 422 with all that is missing or wrong otherwise. `whole`: the name must be there (POST, PUT).
[[nodiscard]] expected<ResourceDraft, ApiReply> parse_draft(std::string_view body, bool whole);

[[nodiscard]] boost::json::object to_json(const Resource& resource);

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
