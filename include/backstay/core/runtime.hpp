#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace backstay::inline BACKSTAY_ABI {

/// One wake-up that can be armed again and again. The owner derives from it.
/// Thread safety: none; it is armed, disarmed and told on one serialised executor.
class BACKSTAY_EXPORT Timer {
public:
    /// `executor` points at the `asio::any_io_executor` on which `expired` is to be called. It is opaque
    /// here because `core` knows no Asio, and it must outlive the timer.
    explicit Timer(const void* executor) noexcept : executor_(executor) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Called when the time has come, never after `disarm` returned. The timer may be armed again or
    /// destroyed in it.
    virtual void expired() noexcept = 0;

    [[nodiscard]] const void* executor() const noexcept { return executor_; }

    // For runtimes.
    std::size_t position = 0;        ///< in a runtime's heap, 1-based; 0 when it is not armed there
    std::shared_ptr<void> keeper;    ///< what a runtime shares among the timers of one context
    std::shared_ptr<Timer*> on_call; ///< while `expired` is on its way: null in it takes that back

protected:
    /// The owner disarms before it destroys.
    ~Timer() = default;

private:
    const void* executor_;
};

/// The seam to time and entropy: real under Asio, simulated in tests and in the laboratory.
/// Thread safety: `now`, `wall_now` and `seed` from any thread (the virtual one: from its own only).
class BACKSTAY_EXPORT Runtime {
public:
    Runtime() = default;
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;
    virtual ~Runtime() = default;

    /// Whether this is a test or a simulation: what must not happen to real calls is allowed then.
    [[nodiscard]] virtual bool simulated() const noexcept { return false; }

    [[nodiscard]] virtual TimePoint now() noexcept = 0;
    [[nodiscard]] virtual WallTime wall_now() noexcept = 0;

    /// Gives a fresh seed for one call's `Random`. Two processes never draw alike, except under virtual time.
    [[nodiscard]] virtual std::uint64_t seed() noexcept = 0;

    /// Arms the timer, replacing an earlier time. May throw `std::bad_alloc`, then the timer is not armed.
    virtual void arm(Timer& timer, TimePoint until) = 0;
    virtual void disarm(Timer& timer) noexcept = 0;
};

} // namespace backstay::inline BACKSTAY_ABI
