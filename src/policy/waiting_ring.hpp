#pragma once

#include <backstay/core/config.hpp>

namespace backstay::inline BACKSTAY_ABI::detail {

/// A place in a ring of those who wait; alone it is a ring of one. Whoever is in one can leave it without
/// knowing which it is.
class RingPlace {
public:
    RingPlace() = default;
    RingPlace(const RingPlace&) = delete;
    RingPlace& operator=(const RingPlace&) = delete;

    [[nodiscard]] bool alone() const noexcept { return next_ == this; }

    void leave() noexcept {
        previous_->next_ = next_;
        next_->previous_ = previous_;
        previous_ = next_ = this;
    }

protected:
    ~RingPlace() = default; // it has left by then

private:
    template <class Waiting>
    friend class WaitingRing;

    RingPlace* previous_ = this;
    RingPlace* next_ = this;
};

/// Those who wait, in the order of their arrival. Owns nobody; serialised by the owner.
template <class Waiting>
class WaitingRing {
public:
    [[nodiscard]] Waiting* first() const noexcept { return at(ring_.next_); }
    [[nodiscard]] Waiting* last() const noexcept { return at(ring_.previous_); }
    /// Null after the last one.
    [[nodiscard]] Waiting* after(const Waiting& one) const noexcept { return at(one.next_); }

    /// Adds one that waits nowhere, or anywhere else, as the last.
    void add(Waiting& one) noexcept {
        one.leave();
        one.previous_ = ring_.previous_;
        one.next_ = &ring_;
        ring_.previous_->next_ = &one;
        ring_.previous_ = &one;
    }

    /// Adds all of another ring.
    void add_all(WaitingRing& others) noexcept {
        while (Waiting* const one = others.first()) {
            add(*one);
        }
    }

private:
    [[nodiscard]] Waiting* at(RingPlace* place) const noexcept {
        return place == &ring_ ? nullptr : static_cast<Waiting*>(place);
    }

    struct Head final : RingPlace {};
    Head ring_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
