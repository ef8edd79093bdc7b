#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/testing/fault_script.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// What is done to the connection when a reply has been played.
enum class Ending : std::uint8_t {
    keep_alive,
    close,
    close_without_notify,
    reset,
    stall,
    close_on_next_request
};

/// Plays the bytes of one reply as a step says: which bytes to send when, and how it ends. Does no I/O.
class BACKSTAY_EXPORT Playback {
public:
    /// Wait, then send.
    struct Action {
        Duration wait{0};
        std::string_view bytes{}; ///< of this playback
    };

    /// `last`: the reply says that the connection ends with it.
    Playback(FaultStep step, std::string bytes, bool last);

    /// Gives the next thing to do; nullopt when only `ending` is left.
    [[nodiscard]] std::optional<Action> next();

    [[nodiscard]] Ending ending() const noexcept;

private:
    [[nodiscard]] Duration wait_here();

    FaultStep step_;
    std::string bytes_;
    std::size_t end_;
    std::size_t position_ = 0;
    std::size_t pauses_played_ = 0;
    bool begun_ = false;
    bool last_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
