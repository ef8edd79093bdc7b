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

    /// Calls have these options where they leave them open. Throws as the constructor does.
    void add_defaults(const CallOptions& overrides);

    asio::any_io_executor executor;
    ApiClientOptions options; ///< with transport and runtime filled in
    Url base;
    std::string origin;
    std::string credential;         ///< a name for the client's own, as `ApiClientOptions::credential` says
    std::string foreign_credential; ///< for the `Authorization` that calls, or the defaults, bring along
    std::shared_ptr<CallRegistry> calls = std::make_shared<CallRegistry>();
};

} // namespace backstay::inline BACKSTAY_ABI::detail
