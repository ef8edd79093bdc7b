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

/// A stage that bounds how many calls or attempts there are.
constexpr bool is_limit(Stage stage) noexcept {
    return stage == Stage::rate_limiter || stage == Stage::concurrency_limit ||
           stage == Stage::adaptive_concurrency;
}

/// A stage that learns from the outcome of each attempt, and refuses.
constexpr bool is_judge(Stage stage) noexcept {
    return stage == Stage::cool_down || stage == Stage::circuit_breaker || stage == Stage::adaptive_throttle;
}

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
    static_assert(
        !(inner == Stage::total_timeout && (outer == Stage::cool_down || outer == Stage::credentials)),
        "backstay: a stage that lets calls wait stands outside TotalTimeout, which would not bound the time "
        "there. Put TotalTimeout outside CoolDown and Credentials.");
    static_assert(
        !(outer == Stage::cool_down && inner == Stage::retry),
        "backstay: CoolDown stands outside Retry, so it would hear only of each call's last attempt "
        "and hold back no repeat. Put CoolDown inside Retry.");
    static_assert(!(outer == Stage::credentials && inner == Stage::retry),
                  "backstay: Credentials stands outside Retry, so its one repeat after a 401 would run all "
                  "attempts anew. Put Credentials inside Retry.");
    static_assert(
        !(outer == Stage::hedge && inner == Stage::credentials),
        "backstay: Credentials stands inside Hedge, so each branch would wait for a token and repeat "
        "a 401 on its own. Put Credentials outside Hedge.");
    static_assert(
        !(is_judge(outer) && inner == Stage::credentials),
        "backstay: Credentials stands inside a stage that judges each attempt, so the repeat after a "
        "401 would not be judged, and a wait for a token would count as one. "
        "Put Credentials outside CoolDown, CircuitBreaker and AdaptiveThrottle.");
    static_assert(!(outer == Stage::circuit_breaker && inner == Stage::hedge),
                  "backstay: CircuitBreaker stands outside Hedge, so it would take all branches for one "
                  "attempt. Put CircuitBreaker inside Hedge.");
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
    static_assert(!is_limit(Outer::stage) || (... || (Inner::stage == Stage::retry)) ||
                      !(... || (Inner::stage == Stage::credentials)),
                  "backstay: Credentials stands inside a limit of attempts, so a call that waits for a token "
                  "would hold a place there. Put Credentials outside the limit, or the limit outside Retry, "
                  "where it bounds calls.");
    static constexpr bool value = (OrderOfPair<Outer, Inner>::value && ...) && Order<Inner...>::value;
};

} // namespace detail
} // namespace backstay::inline BACKSTAY_ABI
