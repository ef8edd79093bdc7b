#pragma once

#include <backstay/api/bearer_token.hpp>
#include <backstay/api/call_options.hpp>
#include <backstay/api/codec.hpp>
#include <backstay/api/guide.hpp>
#include <backstay/api/idempotency_key.hpp>
#include <backstay/api/presets.hpp>
#include <backstay/api/response_pipeline.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/http/fields.hpp>
#include <backstay/http/https_transport.hpp>
#include <backstay/http/redirect_transport.hpp>
#include <backstay/telemetry/tracer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

struct ApiClientOptions {
    std::string base_url{};                 ///< `https://api.example.com/v1`; paths are appended to it
    ResponsePipeline pipeline = standard(); ///< the policies that calls run in
    std::shared_ptr<Transport> transport{}; ///< null: an `HttpsTransport` with `https`
    HttpsOptions https{};
    std::optional<RedirectOptions> redirects{}; ///< nullopt: a redirect is a reply like any other, a failure
    Fields headers{};     ///< of every request, unless a call sets its own; no `Idempotency-Key`
    BearerToken bearer{}; ///< none by default; one with a provider needs `Credentials` in the pipeline
    /// A name for whose token it is, never the token: keeps shared state apart (`CallKey::credential`).
    /// Empty: each `BearerToken`, and each client with an `Authorization` in `headers`, has a name of its own
    /// in this process. Calls that set their own `Authorization` have another, one for all of a client's.
    std::string credential{};
    Codec codec{};
    ApiGuide guide{};             ///< for `ApiError::advice`; neutral by default
    CallOptions defaults{};       ///< what calls leave open; of idempotency keys, `auto` alone
    Runtime* runtime = nullptr;   ///< outlives the client; null: real time
    Observer* observer = nullptr; ///< outlives the client's calls
    TraceOptions trace{};         ///< off by default
    /// A field, such as `X-Request-Deadline-Ms`, in which every attempt tells how many milliseconds it is
    /// still waited for; a server may read it by `deadline_from_header`. Empty: none is sent. Nor is it in an
    /// exchange that callers share (`SingleFlightTransport`), for which each of them waits by its own time.
    std::string deadline_header{};
    /// Values of a 409's `error` that mean: the first attempt with this idempotency key is still running.
    std::vector<std::string> in_progress_codes{};
    KeyGenerator idempotency_keys = random_uuid;    ///< for the key `auto`
    Duration key_lifetime = std::chrono::hours{24}; ///< no attempt later than that with the same key
};

} // namespace backstay::inline BACKSTAY_ABI
