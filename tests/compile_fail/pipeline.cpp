// What a pipeline refuses to be made of.
// fault 1: TotalTimeout stands inside Retry, so every attempt would get the total anew
// fault 2: the same policy stands twice in one pipeline
// fault 3: a policy has `static constexpr Stage stage`
// fault 4: admit or settle of a policy is not noexcept
// fault 5: an operation is called with a CallContext&
// fault 6: an operation is a coroutine, or returns one
// fault 7: an operation tells failures from successes by its value
#include <backstay/pipeline/named.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/total_timeout.hpp>

namespace {

using namespace backstay;

template <bool Throws>
struct Own {
    static constexpr Stage stage = Stage::custom;
    struct Call {};
    Admission admit(Call&, CallContext&) noexcept(!Throws) { return Admission::proceed(); }
    Verdict settle(Call&, CallContext&, const Failure*) noexcept { return Verdict::pass(); }
};

asio::awaitable<expected<int, Failure>> good(CallContext&);
asio::awaitable<int> no_outcome(CallContext&);
asio::awaitable<expected<int, Failure>> no_context();
expected<int, Failure> no_coroutine(CallContext&);

[[maybe_unused]] void make_pipeline() {
#if FAULT == 0
    const Pipeline pipeline{TotalTimeout{}, Retry{}, Own<false>{}, Named<"own", Own<false>>(Own<false>{})};
    static_cast<void>(describe(pipeline));
    static_cast<void>(pipeline.run(good));
#elif FAULT == 1
    const Pipeline pipeline{Retry{}, TotalTimeout{}};
#elif FAULT == 2
    const Pipeline pipeline{Retry{}, Retry{}};
#elif FAULT == 3
    using NoPolicy = int;
    const Pipeline<TotalTimeout, NoPolicy> pipeline{TotalTimeout{}, 1};
#elif FAULT == 4
    const Pipeline pipeline{Own<true>{}};
#elif FAULT == 5
    const Pipeline pipeline{Retry{}};
    static_cast<void>(pipeline.run(no_context));
#elif FAULT == 6
    const Pipeline pipeline{Retry{}};
    static_cast<void>(pipeline.run(no_coroutine));
#elif FAULT == 7
    const Pipeline pipeline{Retry{}};
    static_cast<void>(pipeline.run(no_outcome));
#endif
    static_cast<void>(pipeline);
}

} // namespace
