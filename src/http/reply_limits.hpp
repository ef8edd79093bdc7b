#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>

#include <cstddef>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// What one reply may cost before it is refused. All are cumulative over the whole reply.
struct ReplyLimits {
    std::size_t head_bytes = std::size_t{64} * 1024; ///< status lines and fields, informational ones included
    std::size_t fields = 256;                        ///< trailer fields included
    std::size_t chunk_extension_bytes = std::size_t{8} * 1024;
    std::size_t trailer_bytes = std::size_t{16} * 1024;
    std::size_t body_bytes =
        std::size_t{16} * 1024 * 1024; ///< over the wire, without chunk framing; and again when decoded
    std::size_t gzip_ratio = 0;        ///< decoded bytes to one of gzip; 0: gzip was not asked for
    int informational = 8;             ///< 1xx replies before the final one
};

/// Why a reply was refused: the kind that policies see, and a sentence for the log.
struct ReplyFault {
    FailureKind kind = FailureKind::none;
    std::string message{};
};

} // namespace backstay::inline BACKSTAY_ABI
