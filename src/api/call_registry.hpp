#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/stop_signal.hpp>
#include <backstay/core/waker.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

class CallRegistry;

/// One running call of a client, in that call's frame. It is known to the registry while it lives.
/// Thread safety: but for the registry's links, it belongs to the call's executor.
class BACKSTAY_EXPORT ActiveCall {
public:
    /// `counted`: it is a call; else what runs beside calls, which a shutdown stops too but does not count.
    ActiveCall(std::shared_ptr<CallRegistry> registry, asio::any_io_executor executor,
               bool counted = true) noexcept;
    ActiveCall(const ActiveCall&) = delete;
    ActiveCall& operator=(const ActiveCall&) = delete;
    ~ActiveCall();

    /// False: the client was shut down before.
    [[nodiscard]] bool entered() const noexcept { return entered_; }
    [[nodiscard]] StopSignal& stop() noexcept { return stop_; }

    /// True once a shutdown has begun: what runs may go on, and nothing may begin.
    [[nodiscard]] bool draining() const noexcept { return draining_; }

    /// Tells that an attempt is under way. Not by a guard in its frame: that of a hedge's other branch may
    /// outlive this.
    void attempt_begins() noexcept { ++attempts_; }
    /// Tells how it ended: during a shutdown the call ends with the last one that fails.
    void attempt_ended(bool failed) noexcept {
        --attempts_;
        if (draining_ && failed && attempts_ == 0) {
            stop_.request(FailureKind::client_closed);
        }
    }

private:
    friend class CallRegistry;

    /// The way back to a call that may have ended meanwhile.
    struct Ticket {
        ActiveCall* call; ///< guarded by the registry's mutex
    };

    void drain() noexcept {
        draining_ = true;
        if (attempts_ == 0) {
            stop_.request(FailureKind::client_closed);
        }
    }
    void cut() noexcept { stop_.request(FailureKind::client_closed); }

    std::shared_ptr<CallRegistry> registry_;
    asio::any_io_executor executor_;
    StopSignal stop_;
    int attempts_ = 0;
    bool draining_ = false;
    bool entered_ = false;
    bool counted_;
    std::shared_ptr<Ticket> ticket_; // these three: guarded by the registry's mutex
    ActiveCall* previous_ = nullptr;
    ActiveCall* next_ = nullptr;
};

/// The running calls of a client and of all that was derived from it.
/// Thread safety: all members from any thread. Calls are told on their own executors.
class BACKSTAY_EXPORT CallRegistry : public std::enable_shared_from_this<CallRegistry> {
public:
    /// Refuses new calls and ends the waits of those that run; attempts under way go on, as their last.
    /// Throws when some could not be told for want of memory; called again, it tells them again.
    void close();

    /// Stops every call that still runs. Returns how many were told. Throws as `close` does.
    std::size_t cut();

    [[nodiscard]] std::size_t active() const;

    /// Wakes when no call runs any more; at once when none does.
    void when_empty(Waker waker);

private:
    friend class ActiveCall;

    [[nodiscard]] bool enter(ActiveCall& call) noexcept;
    void leave(ActiveCall& call) noexcept;
    std::size_t tell_all(void (ActiveCall::*order)() noexcept);
    void tell(ActiveCall& call, void (ActiveCall::*order)() noexcept);

    mutable std::mutex mutex_;
    ActiveCall* head_ = nullptr;
    std::size_t active_ = 0;
    bool closed_ = false;
    bool all_told_ = false; ///< that it is closed
    std::vector<Waker> waiting_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
