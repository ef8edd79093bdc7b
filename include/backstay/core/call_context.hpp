#pragma once

#include <backstay/core/call_notes.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/injection.hpp>
#include <backstay/core/random.hpp>
#include <backstay/core/stage.hpp>
#include <backstay/core/stop_signal.hpp>
#include <backstay/core/time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
class CredentialUse; // of the api: opaque here
} // namespace detail

enum class Priority : std::uint8_t { critical, normal, sheddable };

/// What a call is about: the keys by which shared state is parted. Views into what outlives the call.
struct CallKey {
    std::string_view origin{};     ///< scheme, host and port
    std::string_view credential{}; ///< a name for whose credential it is, never the secret
    std::string_view partition{};  ///< the user's own: shard, tenant
    std::string_view operation{};  ///< a bounded label such as "get order", never a raw path
};

/// What one call changes of the pipeline that it runs in.
struct Overrides {
    StageSet without{};                        ///< stages that this call passes by
    bool allow_unsafe_retry = false;           ///< repeat even what may have been processed already
    std::optional<Duration> max_server_wait{}; ///< at Retry and CoolDown; nullopt: as configured
};

/// How one call is to be run. Not an aggregate on purpose: a braced temporary of one inside a `co_await`
/// expression is destroyed twice by GCC 12.
class CallSettings {
public:
    CallSettings() noexcept {} // NOLINT(modernize-use-equals-default)

    CallKey key;
    Overrides overrides;
    Deadline deadline; ///< the caller's own; stages only narrow it
    Priority priority = Priority::normal;
    bool safe_to_repeat = true;   ///< false for what must not be repeated after it may have been processed
    Observer* observer = nullptr; ///< must outlive the call
    StopSignal* stop = nullptr;   ///< must outlive the call; null: nobody will stop it
    detail::CredentialUse* credentials = nullptr; ///< for the policy `Credentials`; null: none to refresh
    CallNotes* notes = nullptr;                   ///< what events are told with; must outlive the call
    bool tell_end = true; ///< false for a caller that reports `call_ended` itself, knowing more
};

/// What a reply told of the quota that the server grants this client (`RateLimit: r=..;t=..`).
struct ServerQuota {
    std::uint64_t remaining = 0; ///< requests that it grants still
    Duration resets_in{0};       ///< until it grants anew; 0: the reply told nothing

    [[nodiscard]] constexpr bool told() const noexcept { return resets_in > Duration::zero(); }
};

/// What every stage may see and narrow. One per call (and per branch of a hedge), in the driver's frame.
struct CallContext {
    TimePoint now{};               ///< the time of this decision; policies read no clock
    TimePoint began{};             ///< when the call began
    TimePoint attempt_began{};     ///< of the last attempt; the epoch before the first
    TimePoint served_wait_until{}; ///< until when a server's wait has been served by this call already
    Deadline deadline{};
    int attempt =
        0; ///< attempts begun: 1 while the first runs; in a branch of a hedge, the number of its own
    int resends = 0;     ///< by the transport, of requests that a stale connection lost
    ServerQuota quota{}; ///< written by the operation after each reply, good ones too; who heeds it takes it
    Duration queued{0};  ///< waited so far because a stage said so, not between attempts
    Random* random = nullptr;
    StopSignal* stop = nullptr;
    Observer* observer = nullptr;
    CallNotes* notes = nullptr;
    const Injection* injection = nullptr;         ///< of `Chaos`, into the next attempt; null: none
    detail::CredentialUse* credentials = nullptr; ///< for the policy `Credentials`; null: none to refresh
    bool safe_to_repeat = true;
    Priority priority = Priority::normal;
    CallKey key{};
    Overrides overrides{};

    /// Decides whether anybody wants to know of such an event: where calls pass by often, ask before the
    /// record is made.
    [[nodiscard]] bool observed(EventType type) const noexcept {
        return observer != nullptr && observer->wants(type);
    }

    /// Tells the observer, if it wants to know; fills in time, attempt, origin, operation and trace.
    void notify(Event& event) const noexcept {
        if (observed(event.type)) [[unlikely]] {
            tell(event);
        }
    }
    void notify(Event&& event) const noexcept { notify(event); } // not by value: a record is 200 bytes

private:
    BACKSTAY_EXPORT void tell(Event& event) const noexcept;
};

} // namespace backstay::inline BACKSTAY_ABI
