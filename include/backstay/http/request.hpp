#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/fields.hpp>
#include <backstay/http/url.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// One request, as the caller means it. The transport adds Host, Content-Length, User-Agent and Connection.
struct Request {
    Request(std::string verb, Url destination) : method(std::move(verb)), url(std::move(destination)) {}

    std::string method;
    Url url;
    Fields fields;
    std::string body;
    /// The largest reply body to accept; nullopt: the transport's limit.
    std::optional<std::size_t> max_body_bytes;
    /// May the transport send it again on a new connection when a stale one lost it.
    bool safe_to_repeat = false;
    /// The name of the field that tells how long this caller waits: an exchange that callers share goes
    /// without it. Empty: there is none.
    std::string deadline_field{};

    /// Says what is wrong (method not a token, CR LF in a field, Content-Length or Transfer-Encoding or
    /// Connection or Host set by hand ...); nullopt when it may be sent.
    [[nodiscard]] BACKSTAY_EXPORT std::optional<std::string> fault() const;
};

/// True for GET HEAD OPTIONS TRACE PUT DELETE (RFC 9110 section 9.2.2).
[[nodiscard]] BACKSTAY_EXPORT bool is_idempotent(std::string_view method) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
