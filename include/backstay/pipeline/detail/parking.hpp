#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/stop_signal.hpp>
#include <backstay/core/waker.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What ended a wait.
enum class Woken : std::uint8_t {
    time,     ///< the time came
    turn,     ///< a waker was called
    stopped,  ///< the stop signal
    canceled, ///< the coroutine's cancellation
    failed,   ///< no memory to arm the timer
};

class ParkingLot;

/// Where a call waits: for a time, a waker, a stop or a cancellation, whichever comes first. Made at a call's
/// first wait. The parked handler belongs to the execution context's lot, which destroys it with the context;
/// otherwise frame, parking and handler would keep each other alive.
/// Thread safety: `wake` from any thread; everything else on the call's executor. Resumption is always by
/// post.
class BACKSTAY_EXPORT Parking final : public Waker::Target, public std::enable_shared_from_this<Parking> {
public:
    /// May throw `std::bad_alloc`.
    [[nodiscard]] static std::shared_ptr<Parking> make(Runtime& runtime,
                                                       const asio::any_io_executor& executor);

    Parking(Runtime& runtime, const asio::any_io_executor& executor, std::shared_ptr<ParkingLot> lot);
    ~Parking();

    /// Waits until `until` (or for ever). A waker that was called since the last wait ends it at once.
    [[nodiscard]] asio::awaitable<Woken> wait(TimePoint until, StopSignal* stop = nullptr) {
        return asio::async_initiate<const asio::use_awaitable_t<>, void(Woken)>(
            [this, until, stop](auto&& handler) {
                slot_ = asio::get_associated_cancellation_slot(handler);
                start(std::forward<decltype(handler)>(handler), until, stop);
            },
            asio::use_awaitable);
    }

    /// Waits for a waker, whatever the coroutine's cancellation says: for what has been told to end already.
    [[nodiscard]] asio::awaitable<Woken> wait_for_turn() {
        return asio::async_initiate<const asio::use_awaitable_t<>, void(Woken)>(
            [this](auto&& handler) {
                slot_ = {};
                start(std::forward<decltype(handler)>(handler), end_of_time, nullptr);
            },
            asio::use_awaitable);
    }

    /// Forgets a waker's call that nobody waited for.
    void forget_turn() noexcept { turn_ = false; }

    [[nodiscard]] Waker waker() { return Waker{shared_from_this()}; }

    void wake() noexcept override;

    /// The same from the call's own executor, without a post in between.
    void wake_here() noexcept;

private:
    friend class ParkingLot;

    struct WaitTimer final : Timer {
        WaitTimer(Parking& owner, const void* executor) noexcept : Timer(executor), parking(owner) {}
        void expired() noexcept override { parking.finish(Woken::time); }
        Parking& parking;
    };
    struct StopListener final : StopSignal::Listener {
        explicit StopListener(Parking& owner) noexcept : parking(owner) {}
        void stopped() noexcept override { parking.finish(Woken::stopped); }
        Parking& parking;
    };

    /// A completion handler of any type, in place: initiating a wait must not throw (the coroutine would be
    /// resumed and destroyed), so it must not allocate.
    class Handler {
    public:
        Handler() = default;
        Handler(const Handler&) = delete;
        Handler& operator=(const Handler&) = delete;
        ~Handler() { reset(); }

        template <class H>
        void emplace(H&& handler) noexcept {
            using Stored = std::decay_t<H>;
            static_assert(sizeof(Stored) <= size && std::is_nothrow_move_constructible_v<Stored>);
            ::new (static_cast<void*>(storage_)) Stored(std::forward<H>(handler));
            act_ = [](void* stored, const Woken* result) {
                auto& place = *static_cast<Stored*>(stored);
                Stored local(std::move(place)); // running it may destroy the parking
                place.~Stored(); // NOLINT(bugprone-use-after-move): what a move leaves is destroyed
                if (result != nullptr) {
                    std::move(local)(*result);
                }
            };
        }
        void invoke(Woken result) { std::exchange(act_, nullptr)(storage_, &result); }
        void reset() noexcept {
            if (act_ != nullptr) {
                std::exchange(act_, nullptr)(storage_, nullptr);
            }
        }
        explicit operator bool() const noexcept { return act_ != nullptr; }

    private:
        static constexpr std::size_t size = 64;
        void (*act_)(void*, const Woken*) = nullptr;
        alignas(std::max_align_t) std::byte storage_[size];
    };

    template <class H>
    void start(H&& handler, TimePoint until, StopSignal* stop) noexcept {
        handler_.emplace(std::forward<H>(handler));
        begin(until, stop);
    }

    void begin(TimePoint until, StopSignal* stop) noexcept;
    void finish(Woken result) noexcept;
    void resume(Woken result);
    void let_go() noexcept; ///< of the context, which is being destroyed

    Runtime& runtime_;
    asio::any_io_executor executor_; ///< empty once the context is gone
    asio::any_io_executor work_;     ///< tracks outstanding work while waiting, so that `run` does not return
    const std::shared_ptr<ParkingLot> lot_;
    Parking* previous_ = nullptr;
    Parking* next_ = nullptr;
    WaitTimer timer_;
    StopListener listener_;
    asio::cancellation_slot slot_;
    Handler handler_;
    bool waiting_ = false; ///< a handler is there and nothing has ended its wait yet
    bool turn_ = false;
    bool missed_ = false; ///< a waker's call that could not be posted; guarded by the lot
};

} // namespace backstay::inline BACKSTAY_ABI::detail
