#pragma once

#include <backstay/core/expected.hpp>
#include <backstay/core/failure.hpp>

#include <concepts>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// Tells policies what an error type says, and makes one of a policy's own failure. Specialise it for a
/// type that cannot have `failure()` and a constructor from `Failure`.
/// `make` must not throw and should not allocate: it runs when a call is refused.
template <class E>
struct failure_traits {
    [[nodiscard]] static Failure view(const E& error) noexcept { return error.failure(); }
    [[nodiscard]] static E make(const Failure& failure) noexcept { return E(failure); }
    /// Writes why the call ended into an error that came from the operation.
    static void annotate(E& error, StopReason why, RefusedBy by) noexcept {
        if constexpr (requires { error.annotate(why, by); }) {
            error.annotate(why, by);
        }
    }
};

template <>
struct failure_traits<Failure> {
    [[nodiscard]] static Failure view(const Failure& error) noexcept { return error; }
    [[nodiscard]] static Failure make(const Failure& failure) noexcept { return failure; }
    static void annotate(Failure& error, StopReason why, RefusedBy by) noexcept {
        error.stop_reason = why;
        error.refused_by = by;
    }
};

/// Lets a value count as a failure (a reply with status 503 is a value of the transport). Specialise it, or
/// give the type `const Failure* failure() const noexcept` and, optionally, `annotate(StopReason,
/// RefusedBy)`.
template <class T>
struct outcome_traits {
    [[nodiscard]] static const Failure* failure(const T& value) noexcept {
        if constexpr (requires {
                          { value.failure() } -> std::same_as<const Failure*>;
                      }) {
            return value.failure();
        } else {
            return nullptr;
        }
    }
    static void annotate(T& value, StopReason why, RefusedBy by) noexcept {
        if constexpr (requires { value.annotate(why, by); }) {
            value.annotate(why, by);
        }
    }
};

/// Makes an outcome's value of what a `Fallback` gives instead. Specialise it for a type that can say that it
/// is a fallback, or that is made of more than its data.
template <class T>
struct fallback_traits {
    template <class V>
        requires std::constructible_from<T, V>
    [[nodiscard]] static T make(V&& value) {
        return T(std::forward<V>(value));
    }
};

template <class T>
inline constexpr bool is_expected = false;
template <class T, class E>
inline constexpr bool is_expected<expected<T, E>> = true;

} // namespace backstay::inline BACKSTAY_ABI
