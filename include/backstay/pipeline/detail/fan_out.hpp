#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/core/random.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/stop_signal.hpp>
#include <backstay/pipeline/detail/driver.hpp>
#include <backstay/pipeline/detail/outcome.hpp>
#include <backstay/pipeline/detail/parking.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

/// A branch beside the first: what its coroutine and the fan share, for either may be destroyed before the
/// other.
template <class R>
struct SideBranch {
    SideBranch(const CallContext& call, std::uint64_t seed, int number) noexcept
        : random(seed), context(call), index(number) {
        context.random = &random;
        context.stop = &stop;
        context.attempt_began = {};
        context.injection = nullptr; // the first branch's own
    }
    SideBranch(const SideBranch&) = delete;
    SideBranch& operator=(const SideBranch&) = delete;

    Random random;
    StopSignal stop;
    CallContext context;
    int index;
    std::optional<R> result;
};

/// The operation as the first branch runs it, or one beside it: not its own. Tells the fan when an attempt
/// begins.
template <bool First, class Op, class Fan>
struct BranchOp {
    static constexpr bool needs_guard = NeedsGuard<Op>;
    Op* op;
    Fan* fan;
    auto operator()(CallContext& call) {
        fan->attempt_begins(First);
        return (*op)(call);
    }
};

template <std::size_t First, class R, class Fan, class Op, class... P>
asio::awaitable<void> run_side(std::shared_ptr<std::tuple<P...>> policies, Runtime& runtime,
                               std::shared_ptr<SideBranch<R>> branch, Fan& fan, Op& op) {
    const BranchOf frame{branch->context, fan.attempts()};
    const BranchOp<false, Op, Fan> side{&op, &fan};
    try {
        branch->result.emplace(co_await drive<First, R>(std::move(policies), runtime, frame, side));
    } catch (...) {
        take_exception(branch->result);
    }
}

/// The branches of one hedged call: asks the hedge when to begin another, begins it, and stops those that are
/// no longer wanted. The first branch runs in the call's own coroutine, the others in coroutines of their own
/// on its executor, so that a hedge that does not fire costs a timer. Everything here happens on that
/// executor.
template <std::size_t First, class R, class Op, class... P>
class FanOut final : Timer, StopSignal::Listener {
    using Hedge = std::tuple_element_t<First - 1, std::tuple<P...>>;

public:
    FanOut(const std::shared_ptr<std::tuple<P...>>& policies, Runtime& runtime,
           asio::any_io_executor executor, CallContext& call, typename Hedge::Call& mine, Op& op) noexcept
        : Timer(&executor_),
          policies_(policies),
          runtime_(runtime),
          executor_(std::move(executor)),
          call_(call),
          mine_(mine),
          op_(op),
          deadline_(call.deadline),
          outer_stop_(std::exchange(call.stop, &first_stop_)),
          attempts_(call.attempt) {
        if (outer_stop_ != nullptr) {
            if (outer_stop_->requested()) {
                stop_all(outer_stop_->reason());
            } else {
                outer_stop_->add(*this);
            }
        }
    }
    FanOut(const FanOut&) = delete;
    FanOut& operator=(const FanOut&) = delete;
    ~FanOut() {
        runtime_.disarm(*this);
        call_.stop = outer_stop_;
        call_.attempt = attempts_; // in mid-flight too: what paid for a branch that began is spent
    }

    [[nodiscard]] int& attempts() noexcept { return attempts_; }

    /// A branch came to an attempt: from now on it may be late. Of the first one only its first counts.
    void attempt_begins(bool first) noexcept {
        if (!first || !std::exchange(first_began_, true)) {
            ask();
        }
    }

    void first_ended(const R& result) noexcept {
        first_runs_ = false;
        ended(0, result, first_began_ ? call_.attempt_began : TimePoint{});
        if (pending_ && !prepare_to_wait()) {
            settle_on(0);
        }
    }

    /// All branches have ended and none will begin.
    [[nodiscard]] bool finished() const noexcept { return !first_runs_ && running_ == 0 && !pending_; }

    /// Ends all branches; none begins any more.
    void stop_all(FailureKind reason) noexcept {
        if (!over_) {
            settle_on(0);
        }
        first_stop_.request(reason);
        for (const auto& branch : sides_) {
            branch->stop.request(reason);
        }
    }

    // Made before anything is to be waited for, so that waiting needs no memory.
    [[nodiscard]] asio::awaitable<Woken> wait() noexcept { return std::move(*wait_); }
    [[nodiscard]] asio::awaitable<Woken> wait_for_turn() noexcept { return std::move(*wait_for_turn_); }

    /// Puts the winner's result in place of the first branch's, and what the branches did into the call's
    /// context.
    void conclude(std::optional<R>& result) noexcept {
        for (const auto& branch : sides_) {
            call_.resends += branch->context.resends;
            if (branch->index == chosen_) {
                call_.attempt_began = branch->context.attempt_began;
                result = std::move(branch->result);
            }
        }
    }

private:
    struct Ended {
        std::weak_ptr<FanOut*> fan; ///< gone when the call was destroyed in mid-flight
        std::shared_ptr<SideBranch<R>> branch;
        void operator()(const std::exception_ptr&) const {
            if (const auto owner = fan.lock()) {
                (*owner)->side_ended(*branch);
            }
        }
    };

    void expired() noexcept override {
        ask();
        wake_if_finished();
    }
    void stopped() noexcept override {
        stop_all(outer_stop_->reason());
        wake_if_finished();
    }
    void side_ended(const SideBranch<R>& branch) noexcept {
        --running_;
        ended(branch.index, *branch.result, branch.context.attempt_began);
        wake_if_finished();
    }
    void wake_if_finished() noexcept {
        if (finished()) {
            parking_->wake_here();
        }
    }

    void ended(int index, const R& result, TimePoint attempt_began) noexcept {
        Failure failure;
        const bool failed = Outcome<R>::failed(result, failure);
        if (!skipped()) {
            outside_of_it([&](Hedge& hedge) {
                hedge.branch_ended(
                    mine_, call_,
                    {.index = index, .attempt_began = attempt_began, .failure = failed ? &failure : nullptr});
            });
        }
        if (over_) {
            return;
        }
        if (!failed) {
            return win(index);
        }
        latest_ = index;
        ask();
    }

    /// Asks the hedge whether another branch is to begin, until it is to begin later or not at all.
    void ask() noexcept {
        pending_ = false;
        while (!over_ && !skipped()) {
            const Branch next =
                outside_of_it([&](Hedge& hedge) { return hedge.next_branch(mine_, call_, begun_); });
            if (next.answer == Branch::Answer::final) {
                return win(latest_);
            }
            if (next.answer == Branch::Answer::no_more || !(next.at > call_.now ? arm(next.at) : begin())) {
                return;
            }
            if (pending_) {
                return;
            }
        }
    }

    /// The call passes the hedge by: it was not admitted, and is asked nothing.
    [[nodiscard]] bool skipped() const noexcept { return call_.overrides.without.has(Hedge::stage); }

    bool arm(TimePoint at) noexcept {
        try {
            runtime_.arm(*this, at);
            pending_ = true;
        } catch (...) { // NOLINT(bugprone-empty-catch): no memory, no hedge
        }
        return pending_;
    }

    bool prepare_to_wait() noexcept {
        try {
            if (!wait_for_turn_) {
                parking_ = Parking::make(runtime_, executor_);
                wait_.emplace(parking_->wait(end_of_time));
                wait_for_turn_.emplace(parking_->wait_for_turn());
            }
            return true;
        } catch (...) {
            return false;
        }
    }

    /// Begins a branch; false when there is no memory for one.
    bool begin() noexcept {
        if (!prepare_to_wait()) {
            return false;
        }
        try {
            if (!self_) {
                self_ = std::make_shared<FanOut*>(this);
            }
            const auto branch = std::make_shared<SideBranch<R>>(call_, runtime_.seed(), begun_);
            branch->context.deadline = deadline_;
            sides_.reserve(sides_.size() + 1);
            asio::co_spawn(executor_, run_side<First, R>(policies_, runtime_, branch, *this, op_),
                           Ended{self_, branch});
            sides_.push_back(branch);
            ++running_;
            ++begun_;
            return true;
        } catch (...) {
            return false;
        }
    }

    void win(int index) noexcept {
        settle_on(index);
        if (index != 0) {
            first_stop_.request(FailureKind::canceled);
        }
        for (const auto& branch : sides_) {
            if (branch->index != index) {
                branch->stop.request(FailureKind::canceled);
            }
        }
    }

    void settle_on(int index) noexcept {
        over_ = true;
        chosen_ = index;
        pending_ = false;
        runtime_.disarm(*this);
    }

    /// While branches run the context is the first one's: its stages have narrowed the deadline, its attempt
    /// is the last. The hedge stands outside of them, and counts the attempts of all.
    template <class F>
    auto outside_of_it(F asks) noexcept {
        struct FirstBranch {
            CallContext& call;
            Deadline deadline;
            int attempt;
            ~FirstBranch() {
                call.deadline = deadline;
                call.attempt = attempt;
            }
        } const restore{call_, std::exchange(call_.deadline, deadline_),
                        std::exchange(call_.attempt, attempts_)};
        call_.now = runtime_.now();
        return asks(std::get<First - 1>(*policies_));
    }

    const std::shared_ptr<std::tuple<P...>>& policies_;
    Runtime& runtime_;
    asio::any_io_executor executor_;
    CallContext& call_;
    typename Hedge::Call& mine_;
    Op& op_;
    const Deadline deadline_;
    StopSignal first_stop_;
    StopSignal* const outer_stop_;
    int attempts_; ///< of the call, in all branches
    int begun_ = 1;
    int running_ = 0; ///< beside the first
    int latest_ = 0;  ///< that ended
    int chosen_ = 0;  ///< whose result stands
    bool first_began_ = false;
    bool first_runs_ = true;
    bool pending_ = false; ///< the hedge named a time for another one
    bool over_ = false;    ///< it is decided, or the call ends: what runs is only waited for
    std::vector<std::shared_ptr<SideBranch<R>>> sides_;
    std::shared_ptr<Parking> parking_;
    std::optional<asio::awaitable<Woken>> wait_;
    std::optional<asio::awaitable<Woken>> wait_for_turn_;
    std::shared_ptr<FanOut*> self_;
};

/// Runs the branches of a hedged call, of which there is one as a rule. All are awaited, the losers too: they
/// are stopped, and what heeds `call.stop` or is guarded ends soon.
template <std::size_t First, class R, class Op, class HedgeCall, class... P>
asio::awaitable<R> fan_out(const std::shared_ptr<std::tuple<P...>>& policies, Runtime& runtime,
                           CallContext& call, HedgeCall& mine, Op& op) {
    using Fan = FanOut<First, R, Op, P...>;
    Fan fan(policies, runtime, co_await asio::this_coro::executor, call, mine, op);
    std::optional<R> result;
    const BranchOf frame{call, fan.attempts()};
    const BranchOp<true, Op, Fan> first{&op, &fan};
    try {
        result.emplace(co_await drive<First, R>(policies, runtime, frame, first));
    } catch (...) {
        take_exception(result);
    }
    fan.first_ended(*result);
    if (is_canceled(co_await asio::this_coro::cancellation_state)) {
        fan.stop_all(FailureKind::canceled);
    }
    if (!fan.finished()) {
        const Woken woken = co_await fan.wait();
        if (woken != Woken::turn) { // cancelled, or no memory to wait for a cancel: branches are never left
            fan.stop_all(FailureKind::canceled);
            if (!fan.finished()) {
                co_await fan.wait_for_turn();
            }
        }
    }
    fan.conclude(result);
    co_return std::move(*result);
}

} // namespace backstay::inline BACKSTAY_ABI::detail
