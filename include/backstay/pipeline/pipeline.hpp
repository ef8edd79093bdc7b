#pragma once

#include <backstay/core/call_context.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/pipeline/describe.hpp>
#include <backstay/pipeline/detail/driver.hpp>
#include <backstay/pipeline/detail/fan_out.hpp>
#include <backstay/pipeline/detail/injected_op.hpp>
#include <backstay/pipeline/detail/shape.hpp>
#include <backstay/pipeline/named.hpp>
#include <backstay/pipeline/order.hpp>
#include <backstay/pipeline/policy_handle.hpp>

#include <asio/awaitable.hpp>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// An operation of one attempt: `awaitable<expected<T, E>> op(CallContext&)`. It must heed `call.deadline`
/// and `call.stop`, or be wrapped in `guarded`, or declare `static constexpr bool needs_guard = true`: the
/// pipeline does not end what is neither, and a timeout over it does nothing.
template <class Op>
using outcome_of = typename detail::OutcomeIn<typename detail::OperationShape<Op>::Answer>::Type;

/// Policies around an operation, outermost first. The order is part of the type and is checked when it
/// compiles. A cheap handle: a copy shares the policies and their state. Thread safety: may run any number of
/// calls at once, from any threads.
template <class... P>
class Pipeline {
    static_assert((detail::PolicyShape<P>::value && ...));
    static_assert(detail::Order<P...>::value);

public:
    explicit Pipeline(P... policies)
        : policies_(std::make_shared<std::tuple<P...>>(std::move(policies)...)) {}

    /// Runs one call. The awaitable owns the operation and a share of the policies.
    /// Errors: what the operation returns; or a failure made by `failure_traits<E>::make` when a stage
    /// refuses, the deadline passes, the call is cancelled (`canceled`, as a value), or the operation throws
    /// (`exception`). Cancellation: ends the call; what was started is awaited. (`co_spawn` lets
    /// only `terminal` through, unless the coroutine widens its own filter.) The operation runs with
    /// `throw_if_cancelled(false)`: what it awaits is cancelled and says so, its next `co_await` does not
    /// throw. Thread safety: the coroutine's executor must be serialised (one thread, or a strand).
    template <class Op>
    [[nodiscard]] asio::awaitable<outcome_of<Op>> run(Runtime& runtime, const CallSettings& settings,
                                                      Op op) const {
        return begin(runtime, detail::Root{detail::context_of(settings), settings.tell_end}, std::move(op));
    }

    /// The same in real time with default settings.
    template <class Op>
    [[nodiscard]] asio::awaitable<outcome_of<Op>> run(Op op) const {
        return run(asio_runtime(), CallSettings{}, std::move(op));
    }

    /// The policy of that type, which shares its state with this pipeline.
    template <class Q>
    [[nodiscard]] const Q& get() const noexcept {
        return std::get<Q>(*policies_);
    }

    [[nodiscard]] std::array<StageDescription, sizeof...(P)> stages() const {
        return std::apply(
            [](const P&... policy) {
                return std::array<StageDescription, sizeof...(P)>{detail::describe_policy(policy)...};
            },
            *policies_);
    }

    /// Those of the policies that can be looked at, by the names of their stages or their own.
    [[nodiscard]] std::vector<PolicyHandle> policies() const {
        std::vector<PolicyHandle> handles;
        std::apply([&](const P&... policy) { (detail::add_handles(handles, policy), ...); }, *policies_);
        return handles;
    }

private:
    template <class>
    friend class AnyPipeline;

    template <class Frame, class Op>
    [[nodiscard]] asio::awaitable<outcome_of<Op>> begin(Runtime& runtime, Frame frame, Op op) const {
        if constexpr ((... || (P::stage == Stage::chaos))) {
            return detail::drive<0, outcome_of<Op>>(policies_, runtime, frame,
                                                    detail::InjectedOp<Op>{std::move(op), &runtime});
        } else {
            return detail::drive<0, outcome_of<Op>>(policies_, runtime, frame, std::move(op));
        }
    }

    std::shared_ptr<std::tuple<P...>> policies_;
};

/// Prints a pipeline's stages with their arithmetic: most attempts, longest time, largest amplification.
/// Warns of an order that is rarely meant.
template <Policy... P>
[[nodiscard]] std::string describe(const Pipeline<P...>& pipeline) {
    const auto stages = pipeline.stages();
    std::string text = describe(std::span<const StageDescription>{stages});
    for (const std::string& warning : order_warnings(std::array<Stage, sizeof...(P)>{P::stage...})) {
        text.append("warning: ").append(warning).append("\n");
    }
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI
