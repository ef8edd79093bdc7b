// Orders of policies that do not compile, each with the sentence that says why.
// fault 1: TotalTimeout stands inside Retry, so every attempt would get the total anew
// fault 2: TotalTimeout stands inside Hedge, so every branch would get the total anew
// fault 3: TotalTimeout stands inside AttemptTimeout\. Put TotalTimeout outermost
// fault 4: Retry stands inside AttemptTimeout, so all its attempts and waits would share the time of one
// fault 5: Hedge stands inside AttemptTimeout, so the hedge would inherit
// fault 6: Retry stands inside Hedge, so each branch would retry on its own
// fault 7: the same policy stands twice in one pipeline
// fault 8: the same policy stands twice in one pipeline
// fault 9: Chaos stands outside another stage, which would not be asked about what it injects
// fault 10: Credentials stands inside AttemptTimeout, so the wait for a token and the repeat
// fault 11: a stage that lets calls wait stands outside TotalTimeout
// fault 12: a stage that lets calls wait stands outside TotalTimeout
// fault 13: CoolDown stands outside Retry, so it would hear only of each call's last attempt
// fault 14: Credentials stands outside Retry, so its one repeat after a 401 would run all attempts anew
// fault 15: Credentials stands inside Hedge, so each branch would wait for a token
// fault 16: Credentials stands inside a stage that judges each attempt
// fault 17: CircuitBreaker stands outside Hedge, so it would take all branches for one attempt
// fault 18: Credentials stands inside a limit of attempts
#include <backstay/pipeline/named.hpp>
#include <backstay/pipeline/order.hpp>

namespace {

using namespace backstay;

template <Stage S>
struct At {
    static constexpr Stage stage = S;
    struct Call {};
    Admission admit(Call&, CallContext&) noexcept { return Admission::proceed(); }
    Verdict settle(Call&, CallContext&, const Failure*) noexcept { return Verdict::pass(); }
};
using Total = At<Stage::total_timeout>;
using Retries = At<Stage::retry>;
using Hedging = At<Stage::hedge>;
using Tokens = At<Stage::credentials>;
using Breaker = At<Stage::circuit_breaker>;
using Limit = At<Stage::concurrency_limit>;
using Gate = At<Stage::cool_down>;
using Attempt = At<Stage::attempt_timeout>;
using Chaotic = At<Stage::chaos>;

#if FAULT == 0
static_assert(detail::Order<Total, Retries, Tokens, Hedging, Breaker, Limit, Attempt>::value);
static_assert(detail::Order<Total, Limit, Retries, Tokens, Attempt>::value);
static_assert(detail::Order<Limit, Total, Retries, Breaker, Attempt>::value); // Polly's five
static_assert(detail::Order<Breaker, Total, Retries>::value);
static_assert(detail::Order<Limit, Named<"host", Limit>, Named<"tenant", Limit>>::value);
static_assert(detail::Order<At<Stage::custom>, At<Stage::custom>>::value);
static_assert(detail::Order<Attempt, Named<"slow", Chaotic>, Chaotic, At<Stage::custom>>::value);
#elif FAULT == 1
constexpr bool wrong = detail::Order<Retries, Breaker, Total>::value;
#elif FAULT == 2
constexpr bool wrong = detail::Order<Hedging, Total>::value;
#elif FAULT == 3
constexpr bool wrong = detail::Order<Attempt, Total>::value;
#elif FAULT == 4
constexpr bool wrong = detail::Order<Total, Attempt, Retries>::value;
#elif FAULT == 5
constexpr bool wrong = detail::Order<Attempt, Hedging>::value;
#elif FAULT == 6
constexpr bool wrong = detail::Order<Hedging, Retries, Attempt>::value;
#elif FAULT == 7
constexpr bool wrong = detail::Order<Breaker, Retries, Breaker>::value;
#elif FAULT == 8
constexpr bool wrong = detail::Order<Named<"host", Limit>, Limit, Retries, Limit>::value;
#elif FAULT == 9
constexpr bool wrong = detail::Order<Retries, Chaotic, Attempt>::value;
#elif FAULT == 10
constexpr bool wrong = detail::Order<Total, Attempt, Tokens>::value;
#elif FAULT == 11
constexpr bool wrong = detail::Order<Tokens, Total>::value;
#elif FAULT == 12
constexpr bool wrong = detail::Order<Named<"own", Gate>, Total>::value;
#elif FAULT == 13
constexpr bool wrong = detail::Order<Total, Gate, Retries>::value;
#elif FAULT == 14
constexpr bool wrong = detail::Order<Tokens, Retries>::value;
#elif FAULT == 15
constexpr bool wrong = detail::Order<Retries, Hedging, Tokens>::value;
#elif FAULT == 16
constexpr bool wrong = detail::Order<Retries, Breaker, Tokens>::value;
#elif FAULT == 17
constexpr bool wrong = detail::Order<Breaker, Hedging>::value;
#elif FAULT == 18
constexpr bool wrong = detail::Order<Total, Retries, Limit, Tokens>::value;
#endif

} // namespace
