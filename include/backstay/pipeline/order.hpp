#pragma once

#include <backstay/core/protocol.hpp>

#include <concepts>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// A policy under a name of its own, so that a second one of its kind may stand in the same pipeline: a limit
/// per tenant outside a limit per host, say.
template <class P>
concept NamedPolicy = Policy<P> && requires {
    { P::name } -> std::convertible_to<std::string_view>;
};

namespace detail {

/// Judges one pair: `Outer` stands somewhere outside `Inner`. Each forbidden pair has its own sentence.
template <class Outer, class Inner>
struct OrderOfPair {
    static constexpr Stage outer = Outer::stage;
    static constexpr Stage inner = Inner::stage;

    static_assert(!(outer == Stage::retry && inner == Stage::total_timeout),
                  "backstay: TotalTimeout stands inside Retry, so every attempt would get the total anew. "
                  "Put TotalTimeout "
                  "outside Retry; to bound one attempt use AttemptTimeout inside it.");
    static_assert(!(outer == Stage::hedge && inner == Stage::total_timeout),
                  "backstay: TotalTimeout stands inside Hedge, so every branch would get the total anew. Put "
                  "TotalTimeout "
                  "outside Hedge.");
    static_assert(!(outer == Stage::attempt_timeout && inner == Stage::total_timeout),
                  "backstay: TotalTimeout stands inside AttemptTimeout. Put TotalTimeout outermost.");
    static_assert(!(outer == Stage::attempt_timeout && inner == Stage::retry),
                  "backstay: Retry stands inside AttemptTimeout, so all its attempts and waits would share "
                  "the time of one. "
                  "Put AttemptTimeout inside Retry; to bound them all use TotalTimeout outside it.");
    static_assert(!(outer == Stage::attempt_timeout && inner == Stage::hedge),
                  "backstay: Hedge stands inside AttemptTimeout, so the hedge would inherit what the first "
                  "attempt left of "
                  "its time. Put AttemptTimeout inside Hedge.");
    static_assert(
        !(outer == Stage::attempt_timeout && inner == Stage::credentials),
        "backstay: Credentials stands inside AttemptTimeout, so the wait for a token and the repeat "
        "after a 401 "
        "would share the time of one attempt. Put AttemptTimeout inside Credentials.");
    static_assert(!(outer == Stage::hedge && inner == Stage::retry),
                  "backstay: Retry stands inside Hedge, so each branch would retry on its own and load would "
                  "multiply. Put "
                  "Retry outside Hedge.");
    static_assert(outer != Stage::chaos || inner == Stage::chaos || inner == Stage::custom,
                  "backstay: Chaos stands outside another stage, which would not be asked about what it "
                  "injects. Put Chaos innermost.");
    static_assert(
        outer != inner || outer == Stage::custom || NamedPolicy<Outer> || NamedPolicy<Inner>,
        "backstay: the same policy stands twice in one pipeline. Remove one, or give one a name with "
        "Named<\"...\", Policy> if both are meant.");
    static constexpr bool value = true;
};

template <class... P>
struct Order;

template <>
struct Order<> {
    static constexpr bool value = true;
};

template <class Outer, class... Inner>
struct Order<Outer, Inner...> {
    static constexpr bool value = (OrderOfPair<Outer, Inner>::value && ...) && Order<Inner...>::value;
};

} // namespace detail
} // namespace backstay::inline BACKSTAY_ABI
