#pragma once

#include "http/byte_stream.hpp"

#include <backstay/core/config.hpp>

#include <system_error>

struct bio_st;

namespace backstay::inline BACKSTAY_ABI {

/// What OpenSSL reads from and writes to, and what came of it.
struct BioLink {
    ByteStream* stream = nullptr;
    int reads_left = 0; ///< of the stream in one step: records without data (key updates, tickets) must not
                        ///< keep a reader from its deadline
    std::error_code read_error{};
    std::error_code write_error{};
};

/// Makes a BIO over a byte stream; null when memory ran out. OpenSSL is shown a failed write as one that
/// would block, because a session that saw one fail can no longer read, and a reply may be waiting there (RFC
/// 9112 section 9.6). Lifetime: the link outlives the BIO.
[[nodiscard]] bio_st* make_stream_bio(BioLink& link) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
