#include <backstay/api/presets.hpp>

#include <backstay/api/credentials.hpp>
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

Classifier classifier_of(const StandardOptions& options) {
    return options.classifier.value_or(Classifier{});
}

RetryOptions retry_of(const StandardOptions& options) {
    RetryOptions retry = options.retry;
    if (options.classifier) {
        retry.classifier = *options.classifier;
    }
    return retry;
}

/// The policies of a preset, with those filled in that were left open.
struct Parts {
    explicit Parts(const StandardOptions& options)
        : total(options.total_timeout),
          cool_down(options.cool_down ? *options.cool_down
                                      : CoolDown{{.classifier = classifier_of(options)}}),
          breaker(options.breaker ? *options.breaker
                                  : CircuitBreaker{{.classifier = classifier_of(options)}}),
          limit(options.limit.value_or(ConcurrencyLimit{})),
          attempt(options.attempt_timeout) {
        check(options, breaker);
    }

    TotalTimeout total;
    Credentials credentials;
    CoolDown cool_down;
    CircuitBreaker breaker;
    ConcurrencyLimit limit;
    AttemptTimeout attempt;
};

} // namespace

ResponsePipeline standard(const StandardOptions& options) {
    const Parts with(options);
    return Pipeline{
        with.total,  Retry{retry_of(options)}, with.credentials, with.cool_down, with.breaker, with.limit,
        with.attempt};
}

ResponsePipeline single(const StandardOptions& options) {
    const Parts with(options);
    return Pipeline{with.total, with.credentials, with.cool_down, with.breaker, with.limit, with.attempt};
}

ResponsePipeline patient(const PatientOptions& options) {
    static_assert(sizeof(PatientRetry) == sizeof(RetryOptions)); // a field more there is one more here
    const PatientRetry& retry = options.retry;
    return standard({.total_timeout = options.total_timeout,
                     .attempt_timeout = options.attempt_timeout,
                     .retry = {.max_attempts = retry.max_attempts,
                               .backoff = retry.backoff,
                               .rate_limited_base = retry.rate_limited_base,
                               .classifier = retry.classifier,
                               .budget = retry.budget,
                               .max_server_wait = retry.max_server_wait,
                               .when_longer = retry.when_longer,
                               .hint_jitter_ratio = retry.hint_jitter_ratio,
                               .hint_jitter_max = retry.hint_jitter_max,
                               .retry_refusals = retry.retry_refusals,
                               .on_retry = retry.on_retry},
                     .cool_down = options.cool_down,
                     .breaker = options.breaker,
                     .limit = options.limit,
                     .classifier = options.classifier});
}

ResponsePipeline standard_hedged(const HedgedOptions& options) {
    const Parts with(options.standard);
    HedgeOptions hedge = options.hedge;
    if (hedge.delay && *hedge.delay >= options.standard.attempt_timeout) {
        throw std::invalid_argument(
            "hedge.delay is " + to_text(*hedge.delay) + ": it must be shorter than attempt_timeout, " +
            to_text(options.standard.attempt_timeout) + ", or nothing is ever sent on time");
    }
    if (options.standard.classifier) {
        hedge.classifier = *options.standard.classifier;
    }
    if (!hedge.retry_budget) {
        hedge.retry_budget = options.standard.retry.budget;
    }
    return Pipeline{with.total,       Retry{retry_of(options.standard)},
                    with.credentials, Hedge{hedge},
                    with.cool_down,   with.breaker,
                    with.limit,       with.attempt};
}

} // namespace backstay::inline BACKSTAY_ABI
