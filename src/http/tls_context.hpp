#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/tls_options.hpp>

#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace backstay::inline BACKSTAY_ABI {

struct TlsSessionDelete {
    void operator()(ssl_st* session) const noexcept;
};
using TlsSession = std::unique_ptr<ssl_st, TlsSessionDelete>;

/// What all TLS sessions of a transport share: versions, trust, and how strict verification is.
/// Thread safety: immutable after construction.
class BACKSTAY_EXPORT TlsContext {
public:
    /// Errors: throws `std::invalid_argument` for a CA that cannot be read, `std::runtime_error` when OpenSSL
    /// refuses to start.
    explicit TlsContext(const TlsOptions& options);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

    /// Makes a client session that will accept only `host`: a name by its DNS alternative names, an address
    /// by its IP ones (RFC 6125; no fallback to the common name). Errors: throws `std::bad_alloc`.
    [[nodiscard]] TlsSession session(const std::string& host) const;

    /// Says which CA files count, or were looked for in vain.
    [[nodiscard]] const std::string& trust() const noexcept { return trust_; }

private:
    ssl_ctx_st* context_;
    std::string trust_;
};

} // namespace backstay::inline BACKSTAY_ABI
