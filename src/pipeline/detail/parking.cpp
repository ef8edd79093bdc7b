#include <backstay/pipeline/detail/parking.hpp>

#include <asio/execution.hpp>
#include <asio/execution_context.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>

#include <atomic>
#include <mutex>

namespace backstay::inline BACKSTAY_ABI::detail {

/// All parkings of one execution context. Shared by them, because a waker may keep one alive longer than the
/// context.
class ParkingLot {
public:
    void add(Parking& parking) {
        const std::lock_guard lock(mutex_);
        parking.next_ = head_;
        if (head_ != nullptr) {
            head_->previous_ = &parking;
        }
        head_ = &parking;
    }

    void remove(Parking& parking) {
        const std::lock_guard lock(mutex_);
        unlink(parking);
    }

    /// Posts a wake unless the context is gone. Without memory for it the parking is left marked, and woken
    /// at the next occasion: by then a place in a queue may be its own, which nobody else will get.
    void wake(Parking& parking) noexcept {
        const std::lock_guard lock(mutex_);
        if (!closed_ && !post_wake(parking.shared_from_this())) {
            parking.missed_ = true;
            missed_.store(true, std::memory_order_relaxed);
        }
    }

    /// Wakes those whose wake could not be posted.
    void make_up() noexcept {
        while (missed_.load(std::memory_order_relaxed)) [[unlikely]] {
            std::shared_ptr<Parking> woken; // after the lock: it may be the last share
            const std::lock_guard lock(mutex_);
            Parking* missed = closed_ ? nullptr : head_;
            while (missed != nullptr && !missed->missed_) {
                missed = missed->next_;
            }
            if (missed == nullptr) {
                missed_.store(false, std::memory_order_relaxed);
                return;
            }
            woken = missed->weak_from_this().lock(); // null: its destructor is running
            if (woken && !post_wake(woken)) {
                return;
            }
            missed->missed_ = false;
        }
    }

    /// Destroys every parked handler, and with it the coroutine that waited.
    void close() {
        for (;;) {
            std::shared_ptr<Parking> parking;
            {
                const std::lock_guard lock(mutex_);
                closed_ = true;
                while (head_ != nullptr && !(parking = head_->weak_from_this().lock())) {
                    unlink(*head_); // its destructor is running
                }
                if (!parking) {
                    return;
                }
                unlink(*parking);
            }
            parking->let_go();
        }
    }

private:
    void unlink(Parking& parking) {
        if (parking.previous_ == nullptr && head_ != &parking) {
            return;
        }
        (parking.previous_ != nullptr ? parking.previous_->next_ : head_) = parking.next_;
        if (parking.next_ != nullptr) {
            parking.next_->previous_ = parking.previous_;
        }
        parking.previous_ = parking.next_ = nullptr;
    }

    static bool post_wake(const std::shared_ptr<Parking>& parking) noexcept {
        try {
            asio::post(parking->executor_, [parking] { parking->wake_here(); });
            return true;
        } catch (...) {
            return false;
        }
    }

    std::mutex mutex_;
    Parking* head_ = nullptr;
    bool closed_ = false;
    std::atomic<bool> missed_{false}; ///< of one at least
};

namespace {

class ParkingService final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id; // NOLINT(readability-identifier-naming): Asio's name

    explicit ParkingService(asio::execution_context& context)
        : service(context), lot_(std::make_shared<ParkingLot>()) {}

    [[nodiscard]] const std::shared_ptr<ParkingLot>& lot() const noexcept { return lot_; }

private:
    void shutdown() override { lot_->close(); }

    std::shared_ptr<ParkingLot> lot_;
};

} // namespace

std::shared_ptr<Parking> Parking::make(Runtime& runtime, const asio::any_io_executor& executor) {
    auto& context = asio::query(executor, asio::execution::context);
    auto parking =
        std::make_shared<Parking>(runtime, executor, asio::use_service<ParkingService>(context).lot());
    parking->lot_->add(*parking);
    return parking;
}

Parking::Parking(Runtime& runtime, const asio::any_io_executor& executor, std::shared_ptr<ParkingLot> lot)
    : runtime_(runtime),
      executor_(executor),
      lot_(std::move(lot)),
      timer_(*this, &executor_),
      listener_(*this) {}

Parking::~Parking() {
    runtime_.disarm(timer_);
    lot_->remove(*this);
    lot_->make_up();
}

void Parking::begin(TimePoint until, StopSignal* stop) noexcept {
    waiting_ = true;
    lot_->make_up();
    if (std::exchange(turn_, false)) {
        return finish(Woken::turn);
    }
    if (stop != nullptr && stop->requested()) {
        return finish(Woken::stopped);
    }
    try {
        work_ = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
        if (slot_.is_connected()) {
            slot_.assign([this](asio::cancellation_type) { finish(Woken::canceled); });
        }
        if (until != end_of_time) {
            runtime_.arm(timer_, until);
        }
    } catch (...) {
        // a wait that only a waker ends goes on: who waits so has children that must not be left
        if (slot_.is_connected() || until != end_of_time) {
            return finish(Woken::failed);
        }
    }
    if (stop != nullptr) {
        stop->add(listener_);
    }
}

void Parking::finish(Woken result) noexcept {
    if (!std::exchange(waiting_, false)) {
        return;
    }
    runtime_.disarm(timer_);
    StopSignal::remove(listener_);
    try {
        asio::post(executor_, [self = shared_from_this(), result] { self->resume(result); });
    } catch (...) { // no memory to post: resuming in place is the last way not to lose the call
        resume(result);
    }
}

void Parking::resume(Woken result) {
    if (!handler_) {
        return; // the context took it
    }
    const auto self = shared_from_this();
    work_ = {};
    if (slot_.is_connected()) {
        slot_.clear();
    }
    handler_.invoke(result);
}

void Parking::let_go() noexcept {
    waiting_ = false;
    runtime_.disarm(timer_);
    timer_.keeper.reset(); // a waker may keep the parking longer than the context: nothing of it may stay
    StopSignal::remove(listener_);
    work_ = {};
    handler_.reset();
    executor_ = {};
}

void Parking::wake() noexcept {
    lot_->wake(*this);
}

void Parking::wake_here() noexcept {
    if (waiting_) {
        finish(Woken::turn);
    } else {
        turn_ = true;
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail
