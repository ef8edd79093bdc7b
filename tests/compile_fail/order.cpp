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
using Attempt = At<Stage::attempt_timeout>;
using Chaotic = At<Stage::chaos>;

#if FAULT == 0
static_assert(detail::Order<Total, Retries, Tokens, Hedging, Breaker, Limit, Attempt>::value);
static_assert(detail::Order<Limit, Total, Retries, Attempt>::value);
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
#endif

} // namespace
