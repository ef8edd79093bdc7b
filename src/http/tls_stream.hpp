#pragma once

#include "http/byte_stream.hpp"
#include "http/step_fault.hpp"
#include "http/stream_bio.hpp"
#include "http/tls_context.hpp"
#include "http/watchdog.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/url.hpp>

#include <memory>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// TLS over another stream: OpenSSL reads and writes that stream directly, no record is copied in between.
/// Reading consumes what is no data (session tickets, key updates), so that `would_block` from an idle stream
/// means that nothing is left over.
/// A TLS 1.3 key update that asks for one in return while a write is under way breaks the connection (the
/// call ends with `connection_lost`): OpenSSL 3.0 cannot put its answer between the pieces of a record that
/// waits to be written.
class BACKSTAY_EXPORT TlsStream final : public ByteStream {
public:
    /// Errors: throws `std::bad_alloc`. Lifetime: the context outlives the stream.
    TlsStream(const TlsContext& context, const Origin& origin, std::unique_ptr<ByteStream> below);

    /// Shakes hands and verifies the peer. The fault is `certificate_rejected`, naming reason, host and what
    /// was trusted; else `tls_failed`. When the watchdog ended it, its verdict says why.
    [[nodiscard]] asio::awaitable<expected<void, StepFault>> handshake(Watchdog& watchdog);

    /// True when the session of an earlier connection was resumed.
    [[nodiscard]] bool resumed() const noexcept;

    IoResult read(std::span<char> into) noexcept override;
    IoResult write(std::string_view bytes) noexcept override;
    asio::awaitable<std::error_code> wait(Readiness readiness) override;
    void cancel() noexcept override { below_->cancel(); }
    /// Sends close_notify and does not wait for the peer's (RFC 8446 section 6.1).
    void say_goodbye() noexcept override;
    [[nodiscard]] const std::string& remote() const noexcept override { return below_->remote(); }

private:
    void give_up() noexcept;
    [[nodiscard]] StepFault handshake_fault(int ssl_error) const;
    [[nodiscard]] IoResult failed(int ssl_error) noexcept;

    const TlsContext& context_;
    std::string host_;
    std::string peer_; ///< for which tickets count: their host is also the SNI and the name to verify
    std::unique_ptr<ByteStream> below_;
    BioLink link_;
    TlsSession session_; // destroyed first: its BIO uses the link and the stream
    Readiness read_wants_ = Readiness::readable;
    bool offered_ = false; ///< a ticket
    bool broken_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI
