#pragma once

#include "http/reply_limits.hpp"

#include <backstay/core/config.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Decodes a body of the content coding gzip as it comes: one member or several (RFC 1952 section 2.2), and
/// nothing behind them. The verdict does not depend on how the bytes were cut: the ratio is looked at where
/// every kibibyte ends. Cost: 40 kB while it lives. Source: RFC 9110 section 8.4.1.3.
class BACKSTAY_EXPORT GzipDecoder {
public:
    /// `decoded_bytes` may come out at most, and `ratio` to one byte that went in. The ratio does not matter
    /// before 64 KiB have come out. Errors: throws `std::bad_alloc`.
    GzipDecoder(std::size_t decoded_bytes, std::size_t ratio);
    GzipDecoder(const GzipDecoder&) = delete;
    GzipDecoder& operator=(const GzipDecoder&) = delete;
    ~GzipDecoder();

    /// Appends to `out` what the bytes say; what came before a fault is there too. Errors: throws
    /// `std::bad_alloc`.
    void decode(std::string_view coded, std::string& out);

    /// Says that the body has ended.
    void finish();

    /// `body_too_large` beyond a limit, `protocol_error` for what is no gzip, `truncated` for an end in the
    /// middle.
    [[nodiscard]] const ReplyFault& fault() const noexcept { return fault_; }

private:
    struct Stream;

    void inflate_slice(std::string_view slice, std::string& out);
    [[nodiscard]] bool begin_member(char first);
    void check_ratio();
    void fail(FailureKind kind, std::string message);

    const std::size_t most_;
    const std::size_t ratio_;
    std::unique_ptr<Stream> stream_;
    std::size_t coded_ = 0;
    std::size_t decoded_ = 0;
    bool member_ended_ = false;
    ReplyFault fault_;
};

} // namespace backstay::inline BACKSTAY_ABI
