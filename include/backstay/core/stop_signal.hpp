#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// Ends what a call is doing now: a hedge stops its losers with it, `shutdown` its calls.
/// Thread safety: none. It belongs to the call's executor; from elsewhere, post to that executor first.
class BACKSTAY_EXPORT StopSignal {
public:
    /// Something that is under way and can be ended; leaves the list in its destructor.
    class BACKSTAY_EXPORT Listener {
    public:
        Listener() = default;
        Listener(const Listener&) = delete;
        Listener& operator=(const Listener&) = delete;

        /// Called once, when the stop is requested. May leave the list, and may destroy itself.
        virtual void stopped() noexcept = 0;

    protected:
        ~Listener();

    private:
        friend class StopSignal;
        StopSignal* signal_ = nullptr;
        Listener* previous_ = nullptr;
        Listener* next_ = nullptr;
    };

    StopSignal() = default;
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;
    ~StopSignal();

    /// Tells every listener, in order of arrival. A second request changes nothing.
    void request(FailureKind reason) noexcept;

    [[nodiscard]] bool requested() const noexcept { return reason_ != FailureKind::none; }

    /// Why: `canceled` or `client_closed`; `none` before the request.
    [[nodiscard]] FailureKind reason() const noexcept { return reason_; }

    /// Adds a listener. Precondition: it is on no list.
    void add(Listener& listener) noexcept;
    static void remove(Listener& listener) noexcept;

private:
    FailureKind reason_ = FailureKind::none;
    Listener* head_ = nullptr;
    Listener* tail_ = nullptr;
};

} // namespace backstay::inline BACKSTAY_ABI
