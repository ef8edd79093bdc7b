#pragma once

#include <backstay/core/config.hpp>
#include <backstay/testing/detail/guide_api.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// The request id that the guide's own example shows.
inline constexpr std::string_view guide_request_id = "req-abc123";

/// Names a status: `Not Found`; empty for one without a name.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

/// The wait that the guide's example of a status names: 45 s for 429, 300 s for 503, else none.
[[nodiscard]] std::optional<std::chrono::seconds> guide_wait(int status) noexcept;

/// Makes the guide's reply for a status, with this wait (in Retry-After, and in the body where the guide has
/// it there) and request id. A status that the guide does not list gets an error body of the same form.
[[nodiscard]] ApiReply guide_reply(int status, std::optional<std::chrono::seconds> wait,
                                   std::string_view request_id);

/// Makes an error in the guide's form: `error`, `error_description`.
[[nodiscard]] ApiReply error_reply(int status, std::string_view error, std::string_view description);

struct FieldComplaint {
    std::string field{};
    std::string message{};
};
/// 400 with one detail: `field` and `issue`.
[[nodiscard]] ApiReply bad_request(std::string_view description, const FieldComplaint& detail);
/// 422 with a list of details: `field` and `message`.
[[nodiscard]] ApiReply validation_error(const std::vector<FieldComplaint>& details);

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
