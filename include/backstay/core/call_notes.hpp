#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>
#include <backstay/core/time.hpp>

#include <cstdint>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// What is known of a call beyond what its stages decide; its events are told with it. Whoever starts the
/// call keeps it. Lifetime: what the views name stays until the event in question has been told.
struct CallNotes {
    /// What the operation knows of the attempt that it made. It writes this before it returns, if
    /// `attempt_ended` is observed; telling that event wipes it out.
    struct Attempt {
        std::uint16_t status = 0;
        Duration first_byte_time{0};
        std::string_view remote{};
        std::string_view request_id{};
    };

    std::string_view trace_id{}; ///< of every event of the call
    Attempt attempt{};
    Event end{}; ///< left by the driver for a caller that tells `call_ended` itself
};

} // namespace backstay::inline BACKSTAY_ABI
