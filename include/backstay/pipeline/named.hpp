#pragma once

#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// A string literal as a template argument.
template <std::size_t N>
struct FixedString {
    constexpr FixedString(const char (&text)[N]) noexcept { // NOLINT(google-explicit-constructor): a literal
        std::copy_n(text, N, value);
    }
    char value[N]{};
};

namespace detail {

/// Lets a policy describe itself, or names its stage.
template <Policy P>
[[nodiscard]] StageDescription describe_policy(const P& policy) {
    if constexpr (requires { policy.describe(); }) {
        return policy.describe();
    } else {
        return {.name = std::string{to_string(P::stage)}};
    }
}

} // namespace detail

/// Gives a policy a name, which `describe` shows and which lets a second one of its kind stand in the
/// pipeline.
template <FixedString Name, Policy P>
class Named {
public:
    static constexpr Stage stage = P::stage;
    static constexpr std::string_view name = Name.value;
    using Call = typename P::Call;

    explicit Named(P policy) : policy_(std::move(policy)) {}

    Admission admit(Call& mine, CallContext& call) noexcept { return policy_.admit(mine, call); }
    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
        return policy_.settle(mine, call, failure);
    }
    bool enqueue(Call& mine, Waker waker) noexcept
        requires QueueingPolicy<P>
    {
        return policy_.enqueue(mine, std::move(waker));
    }

    Branch next_branch(Call& mine, CallContext& call, int begun) noexcept
        requires BranchingPolicy<P>
    {
        return policy_.next_branch(mine, call, begun);
    }
    void branch_ended(Call& mine, CallContext& call, const BranchEnd& end) noexcept
        requires BranchingPolicy<P>
    {
        policy_.branch_ended(mine, call, end);
    }

    /// The policy that has the name.
    [[nodiscard]] const P& policy() const noexcept { return policy_; }

    [[nodiscard]] Named clone() const { return Named{policy_.clone()}; }
    [[nodiscard]] StageDescription describe() const {
        StageDescription description = detail::describe_policy(policy_);
        description.name += " \"" + std::string{name} + "\"";
        return description;
    }

private:
    P policy_;
};

} // namespace backstay::inline BACKSTAY_ABI
