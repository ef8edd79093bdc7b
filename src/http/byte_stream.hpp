#pragma once

#include <backstay/core/config.hpp>

#include <asio/awaitable.hpp>
#include <asio/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI {

/// A wait that can be ended from outside: it then returns soon.
class Cancellable {
public:
    virtual void cancel() noexcept = 0;

protected:
    ~Cancellable() = default;
};

enum class Readiness : std::uint8_t { readable, writable, either };

struct IoResult {
    std::size_t bytes = 0;
    std::error_code error{};

    [[nodiscard]] bool would_block() const noexcept { return error == blocked(); }
    [[nodiscard]] static std::error_code blocked() noexcept { return asio::error::would_block; }
};

/// A connection's bytes: TCP, TLS over another one, or memory. Reading and writing never wait, so that one
/// coroutine can do both at once and an idle connection can be looked at; waiting is a step of its own.
/// Thread safety: none. It belongs to one call at a time; an idle one may be destroyed from any thread.
class BACKSTAY_EXPORT ByteStream : public Cancellable {
public:
    ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    virtual ~ByteStream() = default; ///< closes at once

    /// Takes what has come. `would_block`: nothing yet. `asio::error::eof`: the peer ended the stream
    /// cleanly. `TlsErrc::truncated`: it ended without saying so.
    virtual IoResult read(std::span<char> into) noexcept = 0;

    /// Hands over what fits. `would_block`: nothing did.
    virtual IoResult write(std::string_view bytes) noexcept = 0;

    /// Waits until it is worth trying again, or until `cancel`.
    virtual asio::awaitable<std::error_code> wait(Readiness readiness) = 0;

    /// Tells the peer that nothing more will come, as far as that can be said without waiting.
    virtual void say_goodbye() noexcept {}

    /// Names the peer for people: `127.0.0.1:8443`.
    [[nodiscard]] virtual const std::string& remote() const noexcept = 0;
};

} // namespace backstay::inline BACKSTAY_ABI
