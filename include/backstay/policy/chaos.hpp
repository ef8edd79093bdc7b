#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/injection.hpp>
#include <backstay/core/protocol.hpp>
#include <backstay/policy/key.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace backstay::inline BACKSTAY_ABI {

/// What befalls attempts, and how many of them. Each rate is from 0, never, to 1, always.
struct ChaosOptions {
    double failure_rate = 0; ///< of attempts that end with `failure`
    Failure failure{.kind = FailureKind::connection_lost, .reach = Reach::maybe_processed};
    double status_rate = 0;                   ///< of those that are answered with `status`; both at most 1
    int status = 503;                         ///< 300 to 599
    std::optional<Duration> server_wait{};    ///< that the answer names, as if by its Retry-After header
    double latency_rate = 0;                  ///< of those that are held up, whatever befalls them then
    Duration latency{0};                      ///< at least so long
    Duration latency_spread{0};               ///< and up to so much longer, drawn evenly
    KeyFilter applies = nullptr;              ///< to which calls; null: to all
    bool acknowledge_production_risk = false; ///< without it none is built, unless by `Chaos::for_tests`
    bool dry_run = false;                     ///< draws, counts and reports, and lets every attempt be
};

struct ChaosSnapshot {
    bool enabled = true;
    std::uint64_t failures = 0; ///< injected so far; in a dry run: those that would have been
    std::uint64_t statuses = 0;
    std::uint64_t delays = 0;
};

/// Makes attempts go wrong at random, to see that the stages outside it cope: a failure, an answer, or
/// lateness, as if the server had caused it. They count it as an attempt, it takes its time, an attempt
/// timeout cuts it, a hedge overtakes it. What is injected as `never_sent` or lost on the way leaves open, as
/// ever, whether the request was processed; in truth an attempt that ends by an injection is not made.
///
/// Stands innermost; two of them need names (`Named`), and what the inner one injects goes before the
/// outer's. A broken connection is not its business but a transport's. Refuses to be built unless the risk is
/// acknowledged; a policy cannot see whether its runtime is a test's, so tests say so by `for_tests`.
///
/// A handle: a copy shares switch and counts, `clone` has its own. Draws from the call's random source: the
/// same seed gives the same chaos. Thread safety: all members from any thread. Cost: two draws an attempt.
/// Source: Polly's chaos strategies (Simmy); "Principles of Chaos Engineering".
class BACKSTAY_EXPORT Chaos {
public:
    static constexpr Stage stage = Stage::chaos;

    class Call {
    private:
        friend class Chaos;
        Injection injection_{};
    };

    /// Throws `std::invalid_argument` naming the option that is out of range, or not acknowledged.
    explicit Chaos(const ChaosOptions& options);

    /// Makes one for a test: no risk is to be acknowledged.
    [[nodiscard]] static Chaos for_tests(ChaosOptions options);

    [[nodiscard]] Chaos clone() const;
    [[nodiscard]] StageDescription describe() const;
    [[nodiscard]] const ChaosOptions& options() const noexcept;

    Admission admit(Call& mine, CallContext& call) noexcept;
    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept;

    /// Switches it, and its copies, off and on again: the way back from an experiment. Attempts under way
    /// keep what was drawn for them.
    void enable(bool on) noexcept;

    [[nodiscard]] ChaosSnapshot snapshot() const noexcept;

private:
    struct State;

    std::shared_ptr<State> state_;
};

static_assert(Policy<Chaos> && sizeof(Chaos::Call) <= 24);

} // namespace backstay::inline BACKSTAY_ABI
