#pragma once

#include <backstay/core/protocol.hpp>
#include <backstay/pipeline/pipeline.hpp>

#include "support/call_runner.hpp"
#include "support/probe_policy.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace backstay::test {

/// A hedge that begins another branch so long after the first one's attempt, or at once after a failure, and
/// notes what it is told.
class ProbeHedge {
public:
    static constexpr Stage stage = Stage::custom;

    struct State {
        Duration delay = std::chrono::seconds{1};
        int most = 2;
        std::function<bool(const Failure&)> is_final = [](const Failure&) { return false; };
        std::vector<std::string> told;
        int settled = 0;
    };

    struct Call {
        TimePoint due{};
        bool asked = false;
        bool final = false;
    };

    Admission admit(Call& mine, CallContext&) noexcept {
        mine.asked = mine.final = false;
        return Admission::proceed();
    }
    Verdict settle(Call&, CallContext&, const Failure* failure) noexcept {
        ++state_->settled;
        state_->told.push_back(failure != nullptr ? "settle:" + std::string(to_string(failure->kind))
                                                  : "settle:ok");
        return Verdict::pass();
    }
    Branch next_branch(Call& mine, CallContext& call, int begun) noexcept {
        if (!std::exchange(mine.asked, true)) {
            mine.due = call.now + state_->delay;
        }
        if (mine.final) {
            return Branch::final();
        }
        if (begun >= state_->most) {
            return Branch::no_more();
        }
        const TimePoint at = std::max(mine.due, call.now);
        mine.due = at <= call.now ? call.now + state_->delay : mine.due;
        return Branch::start_at(at);
    }
    void branch_ended(Call& mine, CallContext& call, const BranchEnd& end) noexcept {
        const std::string how = end.failure != nullptr ? std::string(to_string(end.failure->kind)) : "ok";
        state_->told.push_back(std::to_string(end.index) + ":" + how);
        if (end.failure != nullptr) {
            mine.final = state_->is_final(*end.failure);
            mine.due = call.now;
        }
    }

    State* operator->() const noexcept { return state_.get(); }

private:
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// An operation whose n-th attempt takes so long and comes to this; it heeds deadline and stop.
struct Staged {
    using R = expected<int, Failure>;
    struct Attempt {
        Duration takes;
        R comes_to;
    };
    struct Log {
        std::vector<Attempt> attempts;
        std::vector<TimePoint> began{};
        std::vector<FailureKind> cut{}; ///< what ended those that were cut short
    };

    World* world;
    Log* log;

    asio::awaitable<R> operator()(CallContext& call) const {
        const auto number = static_cast<std::size_t>(call.attempt) - 1;
        const Attempt& mine = log->attempts.at(number);
        log->began.push_back(world->now());
        const auto executor = co_await asio::this_coro::executor;
        const auto parking = detail::Parking::make(world->runtime, executor);
        const TimePoint until = world->now() + mine.takes;
        const detail::Woken woken = co_await parking->wait(std::min(until, call.deadline.at), call.stop);
        if (woken == detail::Woken::time && world->now() >= until) {
            co_return mine.comes_to;
        }
        const FailureKind why = woken == detail::Woken::stopped ? call.stop->reason()
                                : woken == detail::Woken::time  ? call.deadline.kind
                                                                : FailureKind::canceled;
        log->cut.push_back(why);
        co_return fail(Failure{.kind = why, .reach = Reach::maybe_processed});
    }
};

} // namespace backstay::test
