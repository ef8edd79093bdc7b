#pragma once

#include <backstay/core/certainty.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/time.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

enum class EventType : std::uint8_t {
    attempt_started,
    attempt_ended,
    retry_scheduled, ///< `delay` is the wait, `kind` what is waited for
    gave_up,         ///< `stop_reason` says why
    timed_out,
    circuit_opened,
    circuit_half_open,
    circuit_closed,
    cooled_down, ///< `delay` is for how long, `detail` says by what
    refused,     ///< `refused_by` says by whom
    hedge_sent,
    hedge_won,
    credential_refreshed, ///< or not: `kind` says why; `duration` is that of the refresh. Belongs to no call
    connection_opened,
    connection_reused,
    connection_stale,
    connection_closed,
    fell_back, ///< from `kind`; `detail` is the kind that the alternative failed with, empty when it was
               ///< taken
    chaos_injected,
    call_ended, ///< `attempt` counts the attempts, `duration` is the whole call's, `delay` what its deadline
                ///< left
};

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(EventType type) noexcept;

/// A set of event types, and whether the texts are wanted that cost something to write.
class EventSet {
public:
    constexpr EventSet() noexcept = default;

    [[nodiscard]] static constexpr EventSet all() noexcept {
        EventSet set;
        set.bits_ = ~std::uint32_t{0};
        return set;
    }
    constexpr EventSet& add(EventType type) noexcept {
        bits_ |= 1U << static_cast<unsigned>(type);
        return *this;
    }
    constexpr EventSet& add(EventSet others) noexcept {
        bits_ |= others.bits_;
        return *this;
    }
    /// Asks for `request_id` too, and for a failed call's attempts in words.
    constexpr EventSet& add_texts() noexcept {
        bits_ |= texts;
        return *this;
    }
    [[nodiscard]] constexpr bool has(EventType type) const noexcept {
        return (bits_ >> static_cast<unsigned>(type) & 1U) != 0;
    }
    [[nodiscard]] constexpr bool has_texts() const noexcept { return (bits_ & texts) != 0; }

private:
    static constexpr std::uint32_t texts = 1U << 31U;

    std::uint32_t bits_ = 0;
};

/// One flat record. The views are valid during the callback only; what does not apply is empty or zero.
struct Event {
    EventType type = EventType::attempt_started;
    FailureKind kind = FailureKind::none;
    StopReason stop_reason = StopReason::none;
    RefusedBy refused_by = RefusedBy::none;
    std::uint16_t status = 0;
    std::uint16_t hint_flags = 0;         ///< the failure's flags: whether and where the server named a wait
    int attempt = 0;                      ///< 1 for the first
    int resends = 0;                      ///< of a call that ended: by the transport, after stale connections
    bool dry_run = false;                 ///< a refusal that was only reported
    std::optional<Certainty> certainty{}; ///< of a call that ended, where it is known
    TimePoint at{};
    Duration delay{0};
    Duration duration{0};
    Duration queued{0};          ///< of a call that ended: how long its stages let it wait
    Duration lookup_time{0};     ///< of a connection that was opened: finding the address
    Duration tcp_time{0};        ///< the same: connecting to it, and to those before it that failed
    Duration tls_time{0};        ///< the same: the handshake
    Duration first_byte_time{0}; ///< of an attempt: from the request's first byte to the reply's
    std::string_view origin{};
    std::string_view operation{};
    std::string_view remote{};     ///< `127.0.0.1:8443`; of connections, and where an attempt had one
    std::string_view request_id{}; ///< the server's, where it is known
    std::string_view trace_id{};   ///< 32 hexadecimal digits
    std::string_view detail{};     ///< in words: what a circuit counted, a failed call's attempts
    std::string_view message{}; ///< of a call that failed: what was wrong with it or its reply, in our words
                                ///< alone, never a server's
};

/// Sees what happens to calls. Called on the call's executor, outside any lock.
/// Errors: an exception is swallowed and counted (`dropped`); it never reaches a call.
/// Thread safety: one observer may serve many calls at once; the implementer locks what it shares.
class BACKSTAY_EXPORT Observer {
public:
    /// `wanted`: what it is told of; the rest is not even written down.
    explicit Observer(EventSet wanted = EventSet::all()) noexcept : wanted_(wanted) {}
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    [[nodiscard]] bool wants(EventType type) const noexcept { return wanted_.has(type); }
    [[nodiscard]] bool wants_texts() const noexcept { return wanted_.has_texts(); }
    [[nodiscard]] EventSet wanted() const noexcept { return wanted_; }

    /// Reports an event that is wanted; never throws.
    void notify(const Event& event) noexcept;

    /// Counts the events that `on_event` threw on.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

protected:
    virtual void on_event(const Event& event) = 0;

private:
    const EventSet wanted_;
    std::atomic<std::uint64_t> dropped_{0};
};

} // namespace backstay::inline BACKSTAY_ABI
