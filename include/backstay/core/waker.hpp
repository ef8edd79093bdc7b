#pragma once

#include <backstay/core/config.hpp>

#include <memory>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// Wakes a parked call, so that its stage is asked again. A copyable handle that keeps the parking place
/// alive. Thread safety: `wake` from any thread; never call it under a lock (it posts to the call's
/// executor).
class Waker {
public:
    class Target {
    public:
        Target() = default;
        Target(const Target&) = delete;
        Target& operator=(const Target&) = delete;
        virtual void wake() noexcept = 0;

    protected:
        ~Target() = default;
    };

    Waker() = default;
    explicit Waker(std::shared_ptr<Target> target) noexcept : target_(std::move(target)) {}

    void wake() const noexcept {
        if (target_) {
            target_->wake();
        }
    }

    explicit operator bool() const noexcept { return target_ != nullptr; }

private:
    std::shared_ptr<Target> target_;
};

} // namespace backstay::inline BACKSTAY_ABI
