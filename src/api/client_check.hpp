#pragma once

#include <backstay/api/api_client_options.hpp>
#include <backstay/core/config.hpp>
#include <backstay/http/url.hpp>

#include <string>

namespace backstay::inline BACKSTAY_ABI::detail {

// All throw `std::invalid_argument` naming the option that is wrong. No secret is in what they say.

[[nodiscard]] Url checked_base(const std::string& text);
void check_client(const ApiClientOptions& options, const Url& base);
/// What calls leave open, whoever gave it: `where` names the option.
void check_defaults(const CallOptions& defaults, const Url& base, const std::string& where);
/// The pipeline must be able to refresh what the bearer needs refreshed.
void check_credentials(const BearerToken& bearer, const ResponsePipeline& pipeline);

} // namespace backstay::inline BACKSTAY_ABI::detail
