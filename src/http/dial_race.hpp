#pragma once

#include "http/address_race.hpp"
#include "http/dialer.hpp"
#include "http/step_fault.hpp"
#include "http/watchdog.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>

#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// Does what an `AddressRace` decides: the first connection that is made wins, and the others are closed.
/// Its end closes what is under way. Lifetime: the dialer outlives it. Thread safety: none.
class BACKSTAY_EXPORT DialRace {
public:
    struct Winner {
        std::unique_ptr<ByteStream> stream{};
        TimePoint began{};
    };

    DialRace(Dialer& dialer, const std::vector<asio::ip::address>& addresses, std::uint16_t port,
             const AddressRace::Limits& limits);

    /// Runs until one has won; once more, when that one was of no use, with those that have not failed yet.
    /// The fault is the last one's, `resource_exhausted` before all others, and its kind `none` when there
    /// was nobody left to begin. When the watchdog ended it, its verdict says why.
    [[nodiscard]] asio::awaitable<expected<Winner, StepFault>> run(Watchdog& watchdog);

private:
    struct Runner {
        asio::ip::tcp::endpoint endpoint{};
        std::unique_ptr<ByteStream> stream{}; ///< while it runs
        std::shared_ptr<Dialing> dialing{};
    };

    /// Takes note of what has ended; the index of the one that is connected, else the number of runners.
    std::size_t judge();
    void lost(std::size_t index, const std::error_code& error);
    void close_all() noexcept;

    Dialer& dialer_;
    AddressRace race_;
    std::vector<Runner> runners_;
    StepFault fault_{};
};

} // namespace backstay::inline BACKSTAY_ABI
