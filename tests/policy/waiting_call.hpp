#pragma once

/// \file
/// A call that waits at its policy as the driver makes it wait: until a time or a waker, whichever comes
/// first.

#include "support/catch.hpp"
#include "support/policy_call.hpp"

#include <atomic>
#include <memory>
#include <utility>

namespace backstay::test {

[[nodiscard]] inline bool proceeds(const Admission& answer) {
    return answer.answer == Admission::Answer::proceed;
}
[[nodiscard]] inline bool waits(const Admission& answer) {
    return answer.answer == Admission::Answer::wait;
}
[[nodiscard]] inline bool rejects(const Admission& answer) {
    return answer.answer == Admission::Answer::reject;
}

template <class P>
class WaitingCall {
public:
    WaitingCall(const P& policy, TimePoint& clock, const CallSettings& with = CallSettings(),
                std::uint64_t seed = 1)
        : call(policy, clock, with, seed), clock_(&clock) {}

    /// Asks, and leaves a waker when it is told to wait.
    const Admission& ask() {
        for (int asked = 0; asked < 10; ++asked) {
            target_->woken = 0;
            answer = call.admit();
            if (!waits(answer) || call.policy().enqueue(call.mine(), Waker(target_))) {
                return answer;
            }
        }
        FAIL("it is asked again and again");
        return answer;
    }

    [[nodiscard]] bool waiting() const { return waits(answer); }
    [[nodiscard]] bool woken() const { return target_->woken > 0; }
    /// Decides whether the driver would ask again by now.
    [[nodiscard]] bool due() const { return waiting() && (woken() || *clock_ >= answer.until); }
    /// Cancelled, or past its deadline.
    void leave() {
        call.abandon();
        answer = Admission::reject({});
    }

    PolicyCall<P> call;
    Admission answer{};

private:
    struct Target final : Waker::Target {
        std::atomic<int> woken = 0; // from any thread
        void wake() noexcept override { ++woken; }
    };

    TimePoint* clock_;
    std::shared_ptr<Target> target_ = std::make_shared<Target>();
};

} // namespace backstay::test
