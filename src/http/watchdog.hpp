#pragma once

#include "http/byte_stream.hpp"

#include <backstay/core/call_context.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/stop_signal.hpp>
#include <backstay/core/time.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_state.hpp>

#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// Ends whatever one exchange waits for when its deadline passes, its call is stopped, or the limit of the
/// present phase is over. One timer and one listener serve the exchange from its first step to its last.
/// Every step asks `verdict` before it waits, and again afterwards: a wait that is ended returns as if it had
/// succeeded or failed, and only the verdict says why. Thread safety: none; the call's executor.
class BACKSTAY_EXPORT Watchdog final : private Timer, private StopSignal::Listener {
public:
    /// `cancellation` is the state of the coroutine that runs the exchange.
    Watchdog(Runtime& runtime, asio::any_io_executor executor, const CallContext& call,
             asio::cancellation_state cancellation);
    ~Watchdog();

    /// Why the exchange must end: the deadline's kind, the stop's reason, or `canceled`; `none` to go on.
    [[nodiscard]] FailureKind verdict() const noexcept;

    /// The verdict in words.
    [[nodiscard]] std::string reason() const;

    /// Gives what follows a limit of its own; zero: none.
    void begin_phase(Duration limit);
    /// Begins the phase's time anew.
    void progress() noexcept { phase_began_ = runtime_.now(); }
    void end_phase() { begin_phase(Duration::zero()); }
    /// True when the phase's limit, and not the call's, ended the wait.
    [[nodiscard]] bool phase_over() const noexcept { return phase_over_; }

    /// True while there is no reason not to wait.
    [[nodiscard]] bool may_wait() const noexcept { return !phase_over_ && verdict() == FailureKind::none; }

    /// Names what is being waited for, as long as it lives.
    class Watch {
    public:
        Watch(Watchdog& dog, Cancellable& waited) noexcept : dog_(dog) { dog_.waited_ = &waited; }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        ~Watch() { dog_.waited_ = nullptr; }

    private:
        Watchdog& dog_;
    };

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] Runtime& runtime() const noexcept { return runtime_; }

private:
    void expired() noexcept override;
    void stopped() noexcept override;
    void arm();
    void interrupt() noexcept;

    Runtime& runtime_;
    asio::any_io_executor executor_;
    asio::cancellation_state cancellation_;
    Deadline deadline_;
    StopSignal* stop_;
    FailureKind ended_ = FailureKind::none;
    Duration phase_limit_{0};
    TimePoint phase_began_{};
    TimePoint armed_for_ = end_of_time;
    bool phase_over_ = false;
    Cancellable* waited_ = nullptr;
};

} // namespace backstay::inline BACKSTAY_ABI
