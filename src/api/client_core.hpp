#pragma once

#include "api/call_registry.hpp"

#include <backstay/api/api_client_options.hpp>
#include <backstay/core/config.hpp>
#include <backstay/http/url.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What a client is made of; never changed once it is shared. Clients derived from it share `calls` and the
/// transport.
struct BACKSTAY_EXPORT ClientCore {
    /// Throws `std::invalid_argument` naming the option that is wrong.
    ClientCore(asio::any_io_executor executor, ApiClientOptions given);

    asio::any_io_executor executor;
    ApiClientOptions options; ///< with transport and runtime filled in
    Url base;
    std::string origin;
    std::shared_ptr<CallRegistry> calls = std::make_shared<CallRegistry>();
};

/// Throws `std::invalid_argument` when the pipeline cannot refresh what the bearer needs refreshed.
void check_credentials(const BearerToken& bearer, const ResponsePipeline& pipeline);

} // namespace backstay::inline BACKSTAY_ABI::detail
