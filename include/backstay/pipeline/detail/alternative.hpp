#pragma once

#include <backstay/core/expected.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/traits.hpp>

#include <asio/awaitable.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Asks an alternative of any form: a function of the error, a function of nothing, a value.
template <class A, class E>
decltype(auto) ask_alternative(const A& given, const E& error) {
    if constexpr (std::invocable<const A&, const E&>) {
        return given(error);
    } else if constexpr (std::invocable<const A&>) {
        return given();
    } else {
        return (given);
    }
}

/// What an answer consists of: `Gives<awaitable<expected<V, E>>>::type` is `V`.
template <class Answer>
struct Gives {
    using type = Answer;
    static constexpr bool later = false;
};
template <class V, class E>
struct Gives<expected<V, E>> {
    using type = V;
    static constexpr bool later = false;
};
template <class Answer, class Executor>
struct Gives<asio::awaitable<Answer, Executor>> {
    using type = typename Gives<Answer>::type;
    static constexpr bool later = true;
};

template <class A, class E>
using AnswerOf =
    std::remove_cvref_t<decltype(ask_alternative(std::declval<const A&>(), std::declval<const E&>()))>;

template <class T, class V>
concept MadeOf = (std::is_void_v<T> && std::is_void_v<V>) || requires(V value) {
    { fallback_traits<T>::make(std::move(value)) } -> std::same_as<T>;
};

template <class A, class T, class E>
concept Alternative = MadeOf<T, typename Gives<AnswerOf<A, E>>::type>;

/// Makes the outcome of an answer that is there; an error in it is replaced by one of the same failure.
template <class T, class E, class Answer>
expected<T, E> outcome_of_answer(Answer&& answer) {
    using Given = std::remove_cvref_t<Answer>;
    if constexpr (std::same_as<Given, expected<T, E>> && std::is_void_v<T>) {
        return std::forward<Answer>(answer);
    } else if constexpr (is_expected<Given>) {
        if (!answer) {
            using Error = typename Given::error_type;
            return fail(failure_traits<E>::make(failure_traits<Error>::view(answer.error())));
        }
        return fallback_traits<T>::make(*std::forward<Answer>(answer));
    } else {
        return fallback_traits<T>::make(std::forward<Answer>(answer));
    }
}

/// Asks for the alternative and makes an outcome of it. What it throws is thrown.
template <class T, class E, class A>
asio::awaitable<expected<T, E>> alternative(const A& given, const expected<T, E>& failed,
                                            const Failure& failure) {
    // a value that counts as a failure comes without an error
    const E error = failed ? failure_traits<E>::make(failure) : failed.error();
    using Answer = AnswerOf<A, E>;
    if constexpr (Gives<Answer>::later) {
        using Later = typename Answer::value_type;
        if constexpr (std::is_void_v<Later>) {
            co_await ask_alternative(given, error);
            co_return expected<T, E>{};
        } else {
            co_return outcome_of_answer<T, E>(co_await ask_alternative(given, error));
        }
    } else if constexpr (std::is_void_v<Answer>) {
        ask_alternative(given, error);
        co_return expected<T, E>{};
    } else {
        co_return outcome_of_answer<T, E>(ask_alternative(given, error));
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail
