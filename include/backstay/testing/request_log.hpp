#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// One request that the sandbox has read whole. What never got through a TLS handshake is none.
struct SeenRequest {
    std::uint64_t number = 0;     ///< 1 for the first
    WallTime at{};                ///< when its last byte was read
    std::uint64_t connection = 0; ///< 1 for the first that was accepted
    int exchange = 0;             ///< on that connection; from 2 on, the connection was reused
    std::string method{};
    std::string target{};
    Fields fields{};    ///< secret values (Authorization, Cookie) are replaced by `***`
    std::string body{}; ///< its first 4 KiB; not in the JSON line
    std::size_t body_bytes = 0;
    int status = 0;           ///< of the reply; 0 when raw bytes or nothing was sent
    std::string fault{};      ///< what the fault script did, in words; empty: the API's own reply
    std::string request_id{}; ///< what the reply's X-Request-Id says
    std::string attempt_id{}; ///< the client's own: its X-Attempt-Id, else X-Request-Id, else X-Nonce
};

/// Something that a request changed in the sandbox's API: what "happened", however often it was asked for.
struct Effect {
    enum class Kind : std::uint8_t { created, updated, deleted, accepted };

    Kind kind = Kind::created;
    std::string id{};              ///< of the resource
    std::string idempotency_key{}; ///< empty when the request had none
    std::string request_id{};
};

/// Writes one line of JSON without the line's end.
[[nodiscard]] BACKSTAY_EXPORT std::string to_json_line(const SeenRequest& request);

} // namespace backstay::inline BACKSTAY_ABI
