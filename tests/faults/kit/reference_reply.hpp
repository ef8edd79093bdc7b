#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace backstay::test {

inline constexpr std::size_t reference_bytes = 200; ///< of each reference reply
inline constexpr std::size_t nonce_bytes = 8;

/// One of the nine replies that the matrix does its faults to. It echoes the nonce of the request that it
/// answers, in a field and, where it has them, in its body and its trailer.
struct ReferenceReply {
    std::string_view name;
    int status;
    std::string_view head; ///< status lines and fields of its own
    std::string (*body)(const std::string& nonce);
    bool has_body = true;
    bool to_head = false;  ///< it answers HEAD
    bool by_close = false; ///< the end of the stream is the end of its body
    bool has_trailer = false;

    /// All 200 bytes.
    [[nodiscard]] std::string bytes(const std::string& nonce) const;
    /// The bytes of the final head and what comes before it.
    [[nodiscard]] std::size_t head_bytes() const;
    /// The bytes of its body, as the caller gets them.
    [[nodiscard]] std::size_t body_bytes() const;
};

[[nodiscard]] const std::array<ReferenceReply, 9>& reference_replies();

/// What the body of each reply says that has one.
[[nodiscard]] std::string echo(const std::string& nonce);

/// A short reply that keeps the connection, for the calls before and after the faulty one.
[[nodiscard]] std::string plain_reply(const std::string& nonce);

} // namespace backstay::test
