#include <backstay/api/presets.hpp>

#include <backstay/core/description.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <stdexcept>
#include <string>

namespace backstay::inline BACKSTAY_ABI {
namespace {

void check(const StandardOptions& options, const CircuitBreaker& breaker) {
    if (options.attempt_timeout > options.total_timeout) {
        throw std::invalid_argument("attempt_timeout is " + to_text(options.attempt_timeout) +
                                    ": it must be at most total_timeout, " + to_text(options.total_timeout));
    }
    const auto& window = breaker.options();
    if (window.window != CircuitWindow::count && window.window_length / 2 < options.attempt_timeout) {
        throw std::invalid_argument("breaker.window_length is " + to_text(window.window_length) +
                                    ": it must be at least twice attempt_timeout, " +
                                    to_text(options.attempt_timeout) +
                                    ", or slow failures leave the window before they are counted together");
    }
}

ResponsePipeline with_retry(const StandardOptions& options) {
    const auto breaker = options.breaker.value_or(CircuitBreaker{});
    check(options, breaker);
    return Pipeline{TotalTimeout{options.total_timeout}, Retry{options.retry}, breaker,
                    options.limit.value_or(ConcurrencyLimit{}), AttemptTimeout{options.attempt_timeout}};
}

} // namespace

ResponsePipeline standard(const StandardOptions& options) {
    return with_retry(options);
}

ResponsePipeline single(const StandardOptions& options) {
    const auto breaker = options.breaker.value_or(CircuitBreaker{});
    check(options, breaker);
    return Pipeline{TotalTimeout{options.total_timeout}, breaker, options.limit.value_or(ConcurrencyLimit{}),
                    AttemptTimeout{options.attempt_timeout}};
}

ResponsePipeline patient(const PatientOptions& options) {
    return with_retry({.total_timeout = options.total_timeout,
                       .attempt_timeout = options.attempt_timeout,
                       .retry = options.retry,
                       .breaker = options.breaker,
                       .limit = options.limit});
}

} // namespace backstay::inline BACKSTAY_ABI
