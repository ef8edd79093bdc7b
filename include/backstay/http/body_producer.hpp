#pragma once

#include <backstay/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace backstay::inline BACKSTAY_ABI {

/// Gives the next bytes of a body: fills `into` from its start and returns how many; 0: the body has ended.
/// Called on the call's executor when the connection has room, so it must not block for long: a file is fine,
/// a wait is not. Only so can an early reply be read while a request is being sent.
using BodyReader = std::function<std::size_t(std::span<char> into)>;

/// A request's body that is made while it is sent.
/// Errors: what `open` or a reader throws ends the call as `exception`: never sent when it comes before the
/// first bytes have been given, else the server may have seen a part of the request, never a whole one. So
/// does a body that ends before its announced length.
struct BodyProducer {
    /// Begins the body anew, each time that the request is sent: for a retry, a hedge, a redirect.
    std::function<BodyReader()> open{};
    /// In bytes; then it is announced, and no more is asked for. nullopt: sent in chunks (RFC 9112 section
    /// 7.1), which an HTTP/1.0 server does not understand.
    std::optional<std::uint64_t> length{};

    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(open); }
};

} // namespace backstay::inline BACKSTAY_ABI
