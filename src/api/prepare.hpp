#pragma once

#include "api/client_core.hpp"

#include <backstay/api/body.hpp>
#include <backstay/api/call_options.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/request.hpp>

#include <string>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What a caller asked for.
struct Wish {
    std::string method;
    std::string target;
    bool is_link; ///< resolved by RFC 3986, same origin only; else appended to the base URL
    Body body;
    CallOptions options;
};

/// The same, ready to be sent.
struct Prepared {
    Request request;
    std::string idempotency_key{};
    std::string operation{};
    bool read_only = false;          ///< a safe method (RFC 9110 section 9.2.1)
    bool foreign_credential = false; ///< the call brings its own, not the client's
    bool fresh_token = false;        ///< each attempt asks for the current token
};

/// Makes the request that all attempts have in common; fills the client's defaults into the wish's options.
/// Errors: a sentence that says what is wrong with the wish, without secrets.
[[nodiscard]] expected<Prepared, std::string> prepare(const ClientCore& core, Wish& wish);

/// Makes the settings of the call. Lifetime: they view all three.
[[nodiscard]] CallSettings settings_of(const ClientCore& core, const Prepared& prepared,
                                       const CallOptions::Values& options, TimePoint now) noexcept;

/// Sets `Authorization` for a token; nothing for an empty one.
void authorize(Fields& fields, const std::string& token);

} // namespace backstay::inline BACKSTAY_ABI::detail
