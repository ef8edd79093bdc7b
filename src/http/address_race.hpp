#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// Orders addresses so that the families take turns, beginning with the first one's; within a family the
/// order stays. Source: RFC 8305 section 4.
[[nodiscard]] BACKSTAY_EXPORT std::vector<asio::ip::address>
interleave(const std::vector<asio::ip::address>& addresses);

/// Decides when to connect to which of a name's addresses: the next one begins when none is under way, when
/// one has failed, or some time after the one before. It only decides and counts: it reads no clock and
/// touches no socket. Source: RFC 8305 section 5.
class BACKSTAY_EXPORT AddressRace {
public:
    struct Limits {
        Duration between = std::chrono::milliseconds{250}; ///< two beginnings, unless one fails
        Duration each{0};                                  ///< from its beginning; zero: none
    };

    enum class Act : std::uint8_t {
        begin,   ///< connect to `address`
        give_up, ///< `address` has had its time: close it. It has failed
        wait,    ///< for what is under way, and not beyond `until`
        over,    ///< all have failed
    };
    struct Step {
        Act act = Act::over;
        std::size_t address = 0;
        TimePoint until = end_of_time;
    };

    AddressRace(std::size_t addresses, const Limits& limits) : runners_(addresses), limits_(limits) {}

    /// Says what to do now. To be repeated until it says `wait` or `over`, and after each of the following.
    [[nodiscard]] Step next(TimePoint now) noexcept;

    void failed(std::size_t address) noexcept;
    /// That one wins, and will not begin again. The others that are under way are to be closed; should the
    /// winner prove useless after all, they begin anew.
    void won(std::size_t address) noexcept;
    /// No other begins.
    void stop() noexcept;

    [[nodiscard]] TimePoint began(std::size_t address) const noexcept { return runners_[address].began; }

private:
    enum class State : std::uint8_t { waiting, running, out };
    struct Runner {
        State state = State::waiting;
        TimePoint began{};
    };

    [[nodiscard]] TimePoint limit_of(const Runner& runner) const noexcept;

    std::vector<Runner> runners_;
    Limits limits_;
    TimePoint next_begins_ = TimePoint::min();
};

} // namespace backstay::inline BACKSTAY_ABI
