#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/core/time.hpp>
#include <backstay/pipeline/detail/settlement.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What a stretch of stages remembers of one call.
template <class Policies, std::size_t First, class Sequence>
struct CallsOf;
template <class Policies, std::size_t First, std::size_t... I>
struct CallsOf<Policies, First, std::index_sequence<I...>> {
    using Type = std::tuple<typename std::tuple_element_t<First + I, Policies>::Call...>;
};

/// One call's way through the stages from `First` to before `Last`: asks them in order, remembers how far it
/// came, and settles each that let it through exactly once for every `proceed`. No I/O, no waiting: that is
/// the driver's part.
template <std::size_t First, std::size_t Last, class... P>
class Stages {
public:
    static constexpr std::size_t count = Last - First;
    static_assert(count <= 255);
    using Policies = std::tuple<P...>;

    /// Asks inwards from where it stopped last; a stage that does not let the call through will be asked
    /// again.
    Admission admit(Policies& policies, CallContext& call) noexcept {
        return admit_from(policies, call, Indices{});
    }

    /// Leaves a waker with the stage that answered `wait`; false when its place came free meanwhile.
    bool enqueue(Policies& policies, const Waker& waker) noexcept {
        return enqueue_at(policies, waker, Indices{});
    }

    /// True when the stage that answered `wait` takes wakers.
    [[nodiscard]] bool queues() const noexcept { return queues_at(Indices{}); }

    /// Makes the stage that was waited for forget the call: it leaves its queue at once.
    void abandon() noexcept { abandon_at(Indices{}); }

    /// Settles outwards until a stage wants a repeat or all are settled.
    void settle(Policies& policies, CallContext& call, Settlement& settlement) noexcept {
        settle_all(policies, call, settlement, Indices{});
    }

    /// What the innermost stage remembers of the call.
    [[nodiscard]] auto& innermost() noexcept { return std::get<count - 1>(mine_); }

private:
    using Indices = std::make_index_sequence<count>;

    template <std::size_t I>
    using At = std::tuple_element_t<First + I, Policies>;

    template <std::size_t I>
    static bool skipped(const CallContext& call) noexcept {
        return call.overrides.without.has(At<I>::stage);
    }

    template <std::size_t I>
    void save(const Deadline& deadline) noexcept {
        saved_at_[I] = deadline.at;
        saved_kind_[I] = deadline.kind;
    }

    template <std::size_t I>
    [[nodiscard]] Deadline saved() const noexcept {
        return {.at = saved_at_[I], .kind = saved_kind_[I]};
    }

    template <std::size_t... I>
    Admission admit_from(Policies& policies, CallContext& call, std::index_sequence<I...>) noexcept {
        Admission admission;
        (void)((I < admitted_ || admit_one<I>(policies, call, admission)) && ...);
        return admission;
    }

    template <std::size_t I>
    bool admit_one(Policies& policies, CallContext& call, Admission& admission) noexcept {
        save<I>(call.deadline);
        if (!skipped<I>(call)) {
            admission = std::get<First + I>(policies).admit(std::get<I>(mine_), call);
            if (admission.answer != Admission::Answer::proceed) {
                call.deadline = saved<I>();
                return false;
            }
        }
        admitted_ = I + 1;
        return true;
    }

    template <std::size_t... I>
    bool enqueue_at(Policies& policies, const Waker& waker, std::index_sequence<I...>) noexcept {
        return ((I == admitted_ && enqueue_one<I>(policies, waker)) || ...);
    }

    template <std::size_t I>
    bool enqueue_one(Policies& policies, const Waker& waker) noexcept {
        if constexpr (QueueingPolicy<At<I>>) {
            return std::get<First + I>(policies).enqueue(std::get<I>(mine_), waker);
        } else {
            return false;
        }
    }

    template <std::size_t... I>
    [[nodiscard]] bool queues_at(std::index_sequence<I...>) const noexcept {
        return ((I == admitted_ && QueueingPolicy<At<I>>) || ...);
    }

    template <std::size_t... I>
    void abandon_at(std::index_sequence<I...>) noexcept {
        ((I == admitted_ ? forget(std::get<I>(mine_)) : void()), ...);
    }

    template <class Call>
    static void forget(Call& mine) noexcept {
        std::destroy_at(&mine);
        std::construct_at(&mine);
    }

    template <std::size_t... I>
    void settle_all(Policies& policies, CallContext& call, Settlement& settlement,
                    std::index_sequence<I...>) noexcept {
        settlement.again = false;
        (void)((count - 1 - I >= admitted_ || settle_one<count - 1 - I>(policies, call, settlement)) && ...);
    }

    /// False when the stage wants a repeat: it stays admitted, unless it wants to be asked too.
    template <std::size_t I>
    bool settle_one(Policies& policies, CallContext& call, Settlement& settlement) noexcept {
        call.deadline = saved<I>();
        admitted_ = I;
        if (skipped<I>(call)) {
            return true;
        }
        const Verdict verdict =
            std::get<First + I>(policies).settle(std::get<I>(mine_), call, settlement.seen());
        // what kept an earlier outcome said why; stages outside it judge that outcome
        if (verdict.stop_reason != StopReason::none && settlement.refused_by == RefusedBy::none) {
            settlement.stop_reason = verdict.stop_reason;
        }
        switch (verdict.answer) {
        case Verdict::Answer::pass:
            return true;
        case Verdict::Answer::replace:
            settlement.refuse(verdict.failure);
            settlement.replaced = true;
            return true;
        case Verdict::Answer::keep_previous:
            settlement.keep_previous();
            return true;
        case Verdict::Answer::again_at:
        case Verdict::Answer::again_here:
            break;
        }
        if (settlement.final || verdict.at >= call.deadline.at) { // a net: policies check this themselves
            settlement.stop_reason = settlement.final ? settlement.stop_reason : StopReason::deadline;
            return true;
        }
        settlement.again = true;
        settlement.at = verdict.at;
        admitted_ = static_cast<std::uint8_t>(verdict.answer == Verdict::Answer::again_here ? I : I + 1);
        return false;
    }

    typename CallsOf<Policies, First, Indices>::Type mine_;
    // The deadlines outside of the stages, in parts, or half of their room would be padding: Asio does not
    // recycle a call's frame that is too large, see `drive`.
    std::array<TimePoint, count> saved_at_{};
    std::array<FailureKind, count> saved_kind_{};
    std::uint8_t admitted_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
