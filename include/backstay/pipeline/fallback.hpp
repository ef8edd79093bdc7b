#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/core/kind_set.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/traits.hpp>
#include <backstay/pipeline/detail/alternative.hpp>
#include <backstay/pipeline/detail/outcome.hpp>

#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// What a fallback stands in for unless told otherwise: every kind but three, in which the service did not
/// fail: `invalid_request` (a fault of this program, which must be seen), `canceled` (nobody waits for an
/// answer) and `client_closed` (this program is ending).
[[nodiscard]] constexpr KindSet fallback_kinds() noexcept {
    return KindSet::all()
        .remove(FailureKind::invalid_request)
        .remove(FailureKind::canceled)
        .remove(FailureKind::client_closed);
}

struct FallbackOptions {
    KindSet on = fallback_kinds();
    Observer* observer = nullptr; ///< is told `fell_back`; outlives the calls
    std::string operation{};      ///< a bounded label for it, such as `get order`
    Runtime* runtime = nullptr;   ///< of that event's time; null: real time
};

namespace detail {
BACKSTAY_EXPORT void tell_fell_back(const FallbackOptions& options, const Failure& from,
                                    FailureKind alternative) noexcept;
} // namespace detail

/// Gives another answer when a call fails: `co_await fallback(api.get<Reply<Order>>(path))`. It goes around
/// the typed call, outside its pipeline, so that policies count what really happened. `Reply::is_fallback`
/// says that a reply is one.
///
/// The alternative is a value, or a function of the error or of nothing. The function returns a value, an
/// `expected` (an error declines), or an `awaitable` of either. For a `Reply<T>` it may give the `T` alone.
/// For reads: of a write, an answer made here hides whether it happened; ask `ApiError::certainty` instead.
/// Made once and named: a cheap handle, its copies share the alternative.
///
/// Errors: when the alternative throws, fails or declines, the call's own error stands: it has the history,
/// the certainty and the idempotency key. What the call throws counts as its failure. Cancellation: a call
/// that has been cancelled is not answered; a cancel while the alternative runs reaches it, and its outcome
/// counts. Thread safety: any number of calls at once; the alternative must bear that.
/// Source: Polly's and failsafe-go's fallback, which hand out the alternative's error instead.
template <class A>
class Fallback {
public:
    explicit Fallback(A alternative, FallbackOptions options = FallbackOptions())
        : state_(std::make_shared<const State>(State{std::move(alternative), std::move(options)})) {}

    template <class T, class E>
    [[nodiscard]] asio::awaitable<expected<T, E>> operator()(asio::awaitable<expected<T, E>> call) const {
        static_assert(
            detail::Alternative<A, T, E>,
            "backstay: this alternative does not give what the call gives, nor what it can be made of");
        return run(state_, std::move(call));
    }

private:
    struct State {
        A alternative;
        FallbackOptions options;
    };

    template <class T, class E>
    static asio::awaitable<expected<T, E>> run(std::shared_ptr<const State> state,
                                               asio::awaitable<expected<T, E>> call) {
        using Result = expected<T, E>;
        using Outcome = detail::Outcome<Result>;
        std::optional<Result> result;
        try {
            result.emplace(co_await std::move(call));
        } catch (...) {
            result.emplace(Outcome::make(detail::failure_of_exception()));
        }
        Failure failure;
        if (!Outcome::failed(*result, failure) || !state->options.on.has(failure.kind)) {
            co_return std::move(*result);
        }
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) {
            co_return std::move(*result);
        }
        Failure second;
        try {
            Result other = co_await detail::alternative<T, E>(state->alternative, *result, failure);
            if (!Outcome::failed(other, second)) {
                result.emplace(std::move(other));
            }
        } catch (...) {
            second = detail::failure_of_exception();
        }
        detail::tell_fell_back(state->options, failure, second.kind);
        co_return std::move(*result);
    }

    std::shared_ptr<const State> state_;
};

} // namespace backstay::inline BACKSTAY_ABI
