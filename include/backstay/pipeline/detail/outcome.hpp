#pragma once

#include <backstay/core/expected.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/core/traits.hpp>

#include <asio/error.hpp>

#include <exception>
#include <new>
#include <system_error>

namespace backstay::inline BACKSTAY_ABI::detail {

/// Reads and makes outcomes of type `expected<T, E>` for the driver.
template <class R>
    requires is_expected<R>
struct Outcome {
    using T = typename R::value_type;
    using E = typename R::error_type;

    [[nodiscard]] static R make(const Failure& failure) noexcept {
        return R(unexpected<E>(failure_traits<E>::make(failure)));
    }

    /// Copies what policies see into `failure`; false for success.
    [[nodiscard]] static bool failed(const R& result, Failure& failure) noexcept {
        if (!result) {
            failure = failure_traits<E>::view(result.error());
            return true;
        }
        if constexpr (!std::is_void_v<T>) {
            if (const Failure* const seen = outcome_traits<T>::failure(*result); seen != nullptr) {
                failure = *seen;
                return true;
            }
        }
        return false;
    }

    static void annotate(R& result, StopReason why, RefusedBy by) noexcept {
        if (!result) {
            failure_traits<E>::annotate(result.error(), why, by);
        } else if constexpr (!std::is_void_v<T>) {
            outcome_traits<T>::annotate(*result, why, by);
        }
    }
};

/// Says what an exception that left an operation means. Call it in a catch block.
[[nodiscard]] inline Failure failure_of_exception() noexcept {
    Failure failure{.kind = FailureKind::exception, .reach = Reach::maybe_processed};
    try {
        throw;
    } catch (const std::bad_alloc&) {
        failure.kind = FailureKind::out_of_memory;
    } catch (const std::system_error& error) {
        if (error.code() == asio::error::operation_aborted) {
            failure.kind = FailureKind::canceled;
        }
    } catch (...) { // NOLINT(bugprone-empty-catch): it stays `exception`
    }
    return failure;
}

} // namespace backstay::inline BACKSTAY_ABI::detail
