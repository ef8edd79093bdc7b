#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/body_producer.hpp>
#include <backstay/http/fields.hpp>
#include <backstay/http/url.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

class BodySink;

/// One request, as the caller means it. The transport adds Host, User-Agent, Content-Length or
/// Transfer-Encoding, and Accept-Encoding if it is told to. `Expect: 100-continue` is never sent, and cannot
/// be set: a reply that comes early is read while the body is still being sent.
struct Request {
    Request(std::string verb, Url destination) : method(std::move(verb)), url(std::move(destination)) {}

    std::string method;
    Url url;
    Fields fields;
    std::string body;
    /// Makes the body while it is sent, in place of `body`.
    BodyProducer producer;
    /// Takes a successful reply's body as it comes; null: the whole of it is in the `Response`.
    std::shared_ptr<BodySink> sink;
    /// The largest reply body to accept; nullopt: the transport's limit.
    std::optional<std::size_t> max_body_bytes;
    /// May the transport send it again on a new connection when a stale one lost it.
    bool safe_to_repeat = false;
    /// The name of the field that tells how long this caller waits: an exchange that callers share goes
    /// without it. Empty: there is none.
    std::string deadline_field{};

    /// Says what is wrong (method not a token, CR LF in a field, Content-Length or Transfer-Encoding or
    /// Connection or Host or Expect set by hand, two bodies ...); nullopt when it may be sent.
    [[nodiscard]] BACKSTAY_EXPORT std::optional<std::string> fault() const;
};

/// True for GET HEAD OPTIONS TRACE PUT DELETE (RFC 9110 section 9.2.2).
[[nodiscard]] BACKSTAY_EXPORT bool is_idempotent(std::string_view method) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
