#pragma once

#include "http/byte_stream.hpp"
#include "http/gate.hpp"

#include <backstay/core/config.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>

#include <memory>
#include <optional>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

/// A connection that is being made: shared by who waits for it and who will say how it ended.
/// Thread safety: none; the call's executor.
struct Dialing {
    std::optional<std::error_code> ended{}; ///< no error: it is connected
    Gate::Opener wake{};                    ///< whoever waits now

    void end(const std::error_code& error) noexcept {
        ended = error;
        wake.open();
    }
};

/// Begins connections. The seam below which several can be made at once under virtual time.
/// Thread safety: any thread.
class BACKSTAY_EXPORT Dialer {
public:
    Dialer() = default;
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;
    virtual ~Dialer() = default;

    /// Begins one, and tells `dialing` how it ended. It is given up by destroying the stream, after which it
    /// may still be told that it was. Errors: throws `std::bad_alloc`.
    [[nodiscard]] virtual std::unique_ptr<ByteStream> dial(const asio::any_io_executor& executor,
                                                           const asio::ip::tcp::endpoint& endpoint,
                                                           const std::shared_ptr<Dialing>& dialing) = 0;
};

class BACKSTAY_EXPORT TcpDialer final : public Dialer {
public:
    [[nodiscard]] std::unique_ptr<ByteStream> dial(const asio::any_io_executor& executor,
                                                   const asio::ip::tcp::endpoint& endpoint,
                                                   const std::shared_ptr<Dialing>& dialing) override;
};

} // namespace backstay::inline BACKSTAY_ABI
