#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/core/traits.hpp>

#include <asio/awaitable.hpp>

#include <concepts>
#include <type_traits>

namespace backstay::inline BACKSTAY_ABI::detail {

template <class T>
inline constexpr bool is_awaitable = false;
template <class T>
inline constexpr bool is_awaitable<asio::awaitable<T>> = true;

template <class Op>
struct AnswerOfOperation {
    using Type = void;
};
template <class Op>
    requires std::invocable<Op&, CallContext&>
struct AnswerOfOperation<Op> {
    using Type = std::invoke_result_t<Op&, CallContext&>;
};

/// Says in a sentence what is wrong with an operation.
template <class Op>
struct OperationShape {
    static_assert(std::invocable<Op&, CallContext&>,
                  "backstay: an operation is called with a CallContext&, for its deadline, stop signal and "
                  "attempt number. Write `asio::awaitable<expected<T, E>> op(CallContext& call)`.");
    using Answer = typename AnswerOfOperation<Op>::Type;
    static_assert(!std::invocable<Op&, CallContext&> || is_awaitable<Answer>,
                  "backstay: an operation is a coroutine, or returns one. Let it return "
                  "asio::awaitable<expected<T, E>>.");
};

template <class Answer>
struct OutcomeIn {
    using Type = void;
};
template <class T>
struct OutcomeIn<asio::awaitable<T>> {
    static_assert(is_expected<T>,
                  "backstay: an operation tells failures from successes by its value. Let it return "
                  "asio::awaitable<expected<T, E>>, E being Failure or a type with failure_traits.");
    using Type = T;
};

/// Says in a sentence what a policy lacks.
template <class P>
struct PolicyShape {
    static_assert(
        requires {
            { P::stage } -> std::convertible_to<Stage>;
            typename P::Call;
        }, "backstay: a policy has `static constexpr Stage stage` (Stage::custom for one of your own) and a "
           "type `Call`: what it remembers about one call.");
    static_assert(
        requires(P& policy, typename P::Call& mine, CallContext& call, const Failure* failure) {
            { policy.admit(mine, call) } -> std::same_as<Admission>;
            { policy.settle(mine, call, failure) } -> std::same_as<Verdict>;
        }, "backstay: a policy has `Admission admit(Call&, CallContext&) noexcept` and "
           "`Verdict settle(Call&, CallContext&, const Failure*) noexcept`.");
    static_assert(
        !requires(P& policy, typename P::Call& mine, CallContext& call, const Failure* failure) {
            policy.admit(mine, call);
            policy.settle(mine, call, failure);
        } ||
            requires(P& policy, typename P::Call& mine, CallContext& call, const Failure* failure) {
                { policy.admit(mine, call) } noexcept;
                { policy.settle(mine, call, failure) } noexcept;
            },
        "backstay: admit or settle of a policy is not noexcept. A policy answers with a value and throws "
        "nothing: mark both noexcept.");
    static_assert(std::copy_constructible<P>,
                  "backstay: a policy is a handle that can be copied. Keep what calls share behind a "
                  "std::shared_ptr.");
    static constexpr bool value = Policy<P>;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
