#include <backstay/api/guide.hpp>

namespace backstay::inline BACKSTAY_ABI {

ApiGuide agentsync_guide() {
    using enum FailureKind;
    static const ApiGuide guide{{
        {unauthorized,
         {{"Check if the access token is valid", "Refresh the token if expired",
           "Verify credentials are correct"},
          ""}},
        {forbidden,
         {{"Verify you have the required permissions", "Contact DevOps if you need additional access"}, ""}},
        {not_found,
         {{"Verify the resource ID is correct", "Check if the resource was deleted",
           "Ensure you're using the correct environment"},
          ""}},
        {rate_limited, {{"See Rate Limits for handling strategies."}, ""}},
        {server_error,
         {{"Retry with exponential backoff", "Report persistent errors to DevOps with the request_id"}, ""}},
        {service_unavailable,
         {{"Check status.agentsync.io for updates", "Retry after the indicated time"}, ""}},
    }};
    return guide;
}

} // namespace backstay::inline BACKSTAY_ABI
