#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/response.hpp>

#include <llhttp.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// llhttp with a C++ face: collects what its callbacks say, but for the body, whose place its user knows.
/// Every leniency is off. Only what llhttp 8.1 and 9 have in common is used.
class LlhttpReader {
public:
    explicit LlhttpReader(bool answers_head) noexcept;
    LlhttpReader(const LlhttpReader&) = delete;
    LlhttpReader& operator=(const LlhttpReader&) = delete;

    /// Forgets an informational reply.
    void restart() noexcept;

    /// False when llhttp refuses the bytes or memory runs out. Precondition: they do not reach beyond the
    /// reply.
    [[nodiscard]] bool execute(std::string_view bytes) noexcept;
    /// The stream ended; false when the reply may not end here.
    [[nodiscard]] bool finish() noexcept;
    [[nodiscard]] bool out_of_memory() const noexcept { return out_of_memory_; }
    [[nodiscard]] std::string_view error() const noexcept;

    [[nodiscard]] bool head_complete() const noexcept { return head_complete_; }
    [[nodiscard]] bool complete() const noexcept { return complete_; }
    [[nodiscard]] bool http_1_0() const noexcept { return parser_.http_minor == 0; }
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    /// Of the chunk whose size line was read last.
    [[nodiscard]] std::uint64_t chunk_bytes() const noexcept { return chunk_bytes_; }
    [[nodiscard]] ResponseParts& parts() noexcept { return parts_; }

private:
    struct Callbacks;
    friend struct Callbacks;

    llhttp_t parser_{};
    bool answers_head_;
    bool head_complete_ = false;
    bool complete_ = false;
    bool keep_alive_ = false;
    bool out_of_memory_ = false;
    std::uint64_t chunk_bytes_ = 0;
    Field field_; ///< being read
    ResponseParts parts_;
};

} // namespace backstay::inline BACKSTAY_ABI
