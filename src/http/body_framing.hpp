#pragma once

#include "http/reply_limits.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/fields.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace backstay::inline BACKSTAY_ABI {

/// Where a reply's body ends.
struct BodyFraming {
    enum class Kind : std::uint8_t { none, length, chunked, until_close };

    Kind kind = Kind::none;
    std::uint64_t length = 0;
};

/// What decides that besides the fields.
struct ReplyHead {
    bool answers_head = false; ///< the request was a HEAD
    bool http_1_0 = false;
    int status = 0;
};

/// Decides where the body ends. Stricter than llhttp: Transfer-Encoding must be exactly one `chunked`, in
/// HTTP/1.1, without a Content-Length beside it. Source: RFC 9112 sections 6.1 to 6.3.
/// Errors: `protocol_error` for anything that two readers could understand differently.
[[nodiscard]] BACKSTAY_EXPORT expected<BodyFraming, ReplyFault> body_framing(const ReplyHead& head,
                                                                             const Fields& fields);

/// Decides whether the body is to be decoded, by a client that accepts gzip alone. Source: RFC 9110 section
/// 8.4. Errors: `protocol_error` for another coding than one `gzip`.
[[nodiscard]] BACKSTAY_EXPORT expected<bool, ReplyFault> is_gzip(const Fields& fields);

/// True for the fields that have no business in trailers (RFC 9112 section 6.5.1).
[[nodiscard]] BACKSTAY_EXPORT bool is_framing_field(std::string_view name) noexcept;

/// Reads `Keep-Alive: timeout=5`.
[[nodiscard]] BACKSTAY_EXPORT std::optional<std::chrono::seconds>
keep_alive_timeout(const Fields& fields) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
