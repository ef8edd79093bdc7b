#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/request.hpp>

#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// Writes what goes before the body: the request line, Host, the request's fields, User-Agent unless it is
/// set, Accept-Encoding if gzip is to be asked for, and Content-Length where a server needs one (RFC 9110
/// section 8.6), or `Transfer-Encoding: chunked` for a body of unknown length. Never Expect. Errors: what
/// `Request::fault` says, so that nothing can be injected.
[[nodiscard]] BACKSTAY_EXPORT expected<std::string, std::string> request_head(const Request& request,
                                                                              bool accept_gzip = false);

} // namespace backstay::inline BACKSTAY_ABI
