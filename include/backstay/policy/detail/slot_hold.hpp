#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/waker.hpp>

#include <cstdint>

namespace backstay::inline BACKSTAY_ABI::detail {

class Slots;

/// What one call holds of a limit: a slot, a place in the queue for one, or nothing. Its end gives it back.
class BACKSTAY_EXPORT SlotHold {
public:
    SlotHold() noexcept = default;
    SlotHold(const SlotHold&) = delete;
    SlotHold& operator=(const SlotHold&) = delete;
    ~SlotHold() {
        if (waits_ || place_ != Place::none) {
            leave();
        }
    }

private:
    friend class Slots;
    enum class Place : std::uint8_t { none, slot, queued, displaced };

    void leave() noexcept;

    Slots* slots_ = nullptr;
    // Guarded by the mutex of the slots while `waits_`:
    SlotHold* previous_ = nullptr;
    SlotHold* next_ = nullptr;
    Waker waker_;
    std::uint64_t arrival_ = 0;
    Priority priority_ = Priority::normal;
    Place place_ = Place::none;

    bool waits_ = false; // known to this call alone
};

} // namespace backstay::inline BACKSTAY_ABI::detail
